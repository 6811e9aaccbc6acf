"""The session that users of this process belong to. `run_benchmark.py` sets it; a scenario that is run with `locust -f` makes its own."""

import os
import sys

_current = None
_stages = {}


def set_session(session):
    global _current  # noqa: PLW0603
    _current = session


def session(host):
    """The session; made from the environment if there is none yet."""
    if _current is None:
        set_session(_by_itself(host))
    return _current


def _by_itself(host):
    from lib.cluster import Cluster, node_urls
    from lib.data import TIERS
    from lib.session import Session

    cluster = Cluster(node_urls(host, os.environ.get("BENCH_MODE", "cluster")))
    cluster.find_leader()
    made = Session(TIERS[os.environ.get("BENCH_TIER", "small")], cluster, os.environ.get("BENCH_API_KEY", "confman_dev_abc123"))
    made.check_key()
    made.seed_store()
    return made


def stage_of(user_class, session):
    """The first stage of its scenario that has this kind of user: what a person sees who runs it by itself."""
    scenario = sys.modules[user_class.__module__].SCENARIO
    if user_class not in _stages:
        _stages[user_class] = next(stage for stage in scenario.stages(session) if stage.user is user_class)
        if _stages[user_class].before:
            _stages[user_class].before()
    return _stages[user_class]
