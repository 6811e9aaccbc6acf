#!/usr/bin/env python3
"""Loads a configuration store with Locust and proves that it kept everything that it acknowledged. See README.md, or --help."""

# Before anything else: Locust's users are greenlets.
from gevent import monkey

monkey.patch_all()

import argparse  # noqa: E402
import os  # noqa: E402
import platform  # noqa: E402
import signal  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402
from contextlib import contextmanager  # noqa: E402
from pathlib import Path  # noqa: E402

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from lib.cluster import Cluster, HealthWatch, NoLeader, node_urls  # noqa: E402
from lib.data import PAYLOADS, TIERS, bytes_of  # noqa: E402
from lib.nodes import CannotStart, Nodes, free_port  # noqa: E402
from lib.report import FORMAT, faults, timestamp, write  # noqa: E402
from lib.scenario import chosen  # noqa: E402
from lib.session import Plan, Refused, Session  # noqa: E402

HOST = "http://127.0.0.1:6100"
ADMIN_KEY, READER_KEY = "confman_dev_abc123", "confman_dev_reader"


def say(text=""):
    print(text, flush=True)


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument(
        "--tier",
        choices=[*TIERS, "all"],
        default="small",
        help="1,000 entries in 10 namespaces, 10,000 in 50, 100,000 in 100, or one after the other",
    )
    parser.add_argument(
        "--scenarios",
        default="all",
        metavar="LIST",
        help="all, write, read, mixed, audit, payload, snapshot, single, numbers or names, with commas",
    )
    parser.add_argument("--host", default=HOST, help="a node; in a cluster the others are 100 and 200 ports above it")
    parser.add_argument("--nodes", default="", metavar="URL,...", help="all nodes, where they are not at those ports")
    parser.add_argument("--mode", choices=["cluster", "single"], help="three nodes or one (default: cluster, or what --start says)")
    parser.add_argument(
        "--api-key",
        default=os.environ.get("BENCH_API_KEY", ADMIN_KEY),
        help="an administrator's key; better in BENCH_API_KEY, since command lines are seen",
    )
    parser.add_argument(
        "--reader-key", default=os.environ.get("BENCH_READER_KEY"), help="a viewer's key for reads (default: the other one)"
    )
    parser.add_argument("--output-dir", default=str(HERE / "results"), metavar="DIR", help="where the result goes")
    parser.add_argument("--web-ui", action="store_true", help="fill the store, then hand over to Locust's web page until Ctrl-C")
    parser.add_argument("--web-port", type=int, default=8089, metavar="PORT", help="where that page is, on 127.0.0.1")
    parser.add_argument("--no-cleanup", action="store_true", help="leave the namespaces, and the data of nodes that were started")
    parser.add_argument("--client", choices=["fast", "requests"], default="fast", help="FastHttpUser or HttpUser")
    parser.add_argument("--duration", type=float, metavar="SECONDS", help="of each stage (default: 10, with --quick 1)")
    parser.add_argument("--warm-up", type=float, metavar="SECONDS", help="of each stage, not measured (default: 1, with --quick 0.2)")
    parser.add_argument(
        "--payload", type=bytes_of, default=PAYLOADS["1KB"], metavar="SIZE", help="of the entries, and where a scenario has one payload"
    )
    parser.add_argument("--payloads", default=",".join(PAYLOADS), metavar="LIST", help="where a scenario goes through several")
    parser.add_argument("--stage-bytes", type=int, default=512, metavar="MB", help="of values that one stage writes at most")
    parser.add_argument("--quick", action="store_true", help="does everything work: short stages, few users, at most 200 entries")
    parser.add_argument("--seed", type=int, help="of all data (default: another one each time)")
    parser.add_argument("--start", choices=["one", "three"], help="start a node or three, at --host and above, on empty directories")
    parser.add_argument("--binary", default=os.environ.get("MANIFOLD_BIN"), metavar="FILE", help="the program for --start")
    parser.add_argument(
        "--under", default=".", metavar="DIR", help="where nodes that are started have their data: the disk that is measured"
    )
    parser.add_argument(
        "--serve-flag",
        action="append",
        default=[],
        metavar="FLAG",
        help="one more argument for nodes that are started, such as --serve-flag=--settle=128MiB",
    )
    options = parser.parse_args(arguments)
    if options.start and not options.binary:
        parser.error("--start needs --binary FILE, or MANIFOLD_BIN")
    started = {"one": "single", "three": "cluster"}.get(options.start)
    if options.mode and started and options.mode != started:
        parser.error(f"--start {options.start} makes a {started}, and --mode says {options.mode}")
    options.mode = options.mode or started or "cluster"
    if options.start and options.reader_key is None:
        options.reader_key = READER_KEY
    try:
        options.sizes = tuple(bytes_of(size) for size in options.payloads.split(","))
        options.urls = [url.rstrip("/") for url in options.nodes.split(",") if url] or node_urls(options.host, options.mode)
        os.environ["BENCH_CLIENT"] = options.client
        from locustfiles import ALL

        options.chosen = chosen(ALL, options.scenarios)
    except ValueError as error:
        parser.error(str(error))
    return options


def plan_of(options):
    plan = Plan(payloads=options.sizes, payload=options.payload, stage_bytes_max=options.stage_bytes << 20)
    if options.quick:
        plan = Plan(1.0, 0.2, (1, 10), options.sizes, options.payload, 10, 5, 5, min(64, options.stage_bytes) << 20, (200,), 200)
    if options.duration is not None:
        plan.seconds = options.duration
    if options.warm_up is not None:
        plan.warm_up = options.warm_up
    return plan


def keys_of(options):
    """The two keys of the suite, for nodes that are started."""
    keys = [("suite-admin", options.api_key, "admin")]
    if options.reader_key != options.api_key:
        keys.append(("suite-reader", options.reader_key, "viewer"))
    return keys


def make_session(options, tier, urls, nodes):
    cluster = Cluster(urls)
    cluster.find_leader()
    session = Session(tier, cluster, options.api_key, options.reader_key, options.seed, plan_of(options))
    session.nodes = nodes
    session.check_key()
    return session


def fill(session):
    begun = time.monotonic()
    session.seed_store(lambda done, of: say(f"      {done:,} of {of:,} entries"))
    seconds = time.monotonic() - begun
    say(f"  {len(session.seeded):,} entries in {session.tier.namespaces} namespaces, {len(session.seeded) / seconds:,.0f} a second")
    return {
        "entries": len(session.seeded),
        "namespaces": session.tier.namespaces,
        "payload_bytes": session.plan.payload,
        "seconds": round(seconds, 3),
    }


def prove(session):
    begun = time.monotonic()
    proof = session.read_back()
    say(
        f"  {proof.acknowledged:,} writes acknowledged, {proof.verified:,} verified, {proof.lost:,} lost, in {time.monotonic() - begun:.1f} s"
    )
    for reason in proof.reasons[:5]:
        say(f"    {reason}")
    return vars(proof)


def clean_up(options, session):
    if options.no_cleanup or session.nodes is not None:
        return
    for left in session.clean_up():
        say(f"  not deleted: {left}")


def run_alone(options, scenario, tier):
    """A scenario on one node of its own, with a proof of its own."""
    from lib.load import run_scenario

    nodes = Nodes(options.binary, [f"http://127.0.0.1:{free_port()}"], options.under, keys_of(options), options.serve_flag)
    try:
        nodes.start()
        session = make_session(options, tier, [nodes.nodes[0].url], nodes)
        seeded = fill(session)
        with HealthWatch(session.cluster.urls) as watch:
            session.watch = watch
            result = run_scenario(session, scenario, say)
        result.update(seeded=seeded, proof=prove(session), cluster=watch.log.figures(), nodes=nodes.figures())
        wrong = {
            "lost": result["proof"]["lost"],
            "failed writes": result["proof"]["seeding_failures"],
            "leader changes": watch.log.leader_changes,
        }
        if any(wrong.values()):
            result.setdefault("faults", []).append(str(wrong))
        return result
    finally:
        nodes.close(options.no_cleanup)


def baseline(scenarios):
    """What a cluster costs beside one node: for each stage that both have run."""
    alone = next((scenario for scenario in scenarios if scenario["name"] == "single-node" and "stages" in scenario), None)
    if alone is None:
        return None
    shared = {
        f"S{scenario['number']}: {stage['label']}": stage
        for scenario in scenarios
        if scenario is not alone
        for stage in scenario.get("stages", [])
    }
    rows = []
    for single in alone["stages"]:
        cluster = shared.get(single["label"])
        if cluster and single["p50_ms"] and cluster["p50_ms"]:
            rows.append(
                {
                    "stage": single["label"],
                    "cluster_p50_ms": cluster["p50_ms"],
                    "single_p50_ms": single["p50_ms"],
                    "difference_p50_ms": round(cluster["p50_ms"] - single["p50_ms"], 3),
                    "cluster_requests_per_second": cluster["requests_per_second"],
                    "single_requests_per_second": single["requests_per_second"],
                }
            )
    return rows


def run_tier(options, tier, nodes):
    from lib.load import run_scenario

    say(f"\n{tier.name}: {tier.entries:,} entries in {tier.namespaces} namespaces, {options.mode}")
    session = make_session(options, tier, options.urls, nodes)
    say(f"  leader {session.cluster.leader}, seed {session.seed}")
    result = {"tier": tier.name, "seed": session.seed, "leader": session.cluster.leader, "scenarios": []}
    with HealthWatch(session.cluster.urls) as watch:
        session.watch = watch
        result["seeded"] = fill(session)
        for number, scenario in enumerate(options.chosen, 1):
            say(f"[{number}/{len(options.chosen)}] S{scenario.number} {scenario.title}")
            obstacle = scenario.obstacle(options)
            if obstacle:
                say(f"      left out: {obstacle}")
                result["scenarios"].append(
                    {
                        "number": scenario.number,
                        "name": scenario.name,
                        "title": scenario.title,
                        "not_run": obstacle,
                        "may_be_left_out": True,
                    }
                )
            elif scenario.is_alone:
                result["scenarios"].append(run_alone(options, scenario, tier))
            else:
                result["scenarios"].append(run_scenario(session, scenario, say))
        result["proof"] = prove(session)
    result["cluster"] = watch.log.figures()
    result["baseline"] = baseline(result["scenarios"])
    if nodes is not None:
        result["nodes"] = nodes.figures()
    clean_up(options, session)
    return result


def web_ui(options, tier, nodes):
    """A person drives; the proof is the same."""
    # Locust reads the command line once more, and this one is not its own.
    sys.argv = sys.argv[:1]
    from gevent.event import Event
    from lib import running
    from locust.env import Environment

    session = make_session(options, tier, options.urls, nodes)
    fill(session)
    running.set_session(session)
    users = {stage.user.__name__: stage.user for scenario in options.chosen if not scenario.is_alone for stage in scenario.stages(session)}
    environment = Environment(user_classes=list(users.values()), available_user_classes=users, host=session.cluster.leader, stop_timeout=60)
    environment.create_local_runner()
    page = environment.create_web_ui("127.0.0.1", options.web_port, userclass_picker_is_active=True)
    say(f"  http://127.0.0.1:{options.web_port} until Ctrl-C")
    try:
        Event().wait()
    except KeyboardInterrupt:
        pass
    environment.runner.quit()
    page.stop()
    proof = prove(session)
    clean_up(options, session)
    return 1 if proof["lost"] or proof["verified"] != proof["acknowledged"] else 0


def machine():
    return {"system": platform.platform(), "cores": os.cpu_count(), "python": platform.python_version()}


@contextmanager
def started(options):
    """Fresh nodes, if they were asked for; None otherwise."""
    if not options.start:
        yield None
        return
    nodes = Nodes(options.binary, options.urls, options.under, keys_of(options), options.serve_flag)
    try:
        say(f"starting {len(options.urls)} of {options.binary}, data in {nodes.directory}")
        nodes.start()
        yield nodes
    finally:
        nodes.close(options.no_cleanup)


def run(options):
    begun = time.time()
    result = {
        "format": FORMAT,
        "started": timestamp(begun),
        "tier": options.tier,
        "mode": options.mode,
        "client": options.client,
        "quick": options.quick,
        "scenarios": [scenario.name for scenario in options.chosen],
        "urls": options.urls,
        "started_nodes": options.start,
        "stage_seconds": plan_of(options).seconds,
        "machine": machine(),
        "tiers": [],
    }
    for tier in [TIERS[options.tier]] if options.tier != "all" else TIERS.values():
        with started(options) as nodes:
            result["tiers"].append(run_tier(options, tier, nodes))
    result["finished"] = timestamp()
    result["seconds"] = round(time.time() - begun, 1)
    result["faults"] = faults(result)
    path = write(result, options.output_dir)
    say(f"\n{path}")
    for fault in result["faults"]:
        say(f"FAILED {fault}")
    say("all requests answered, nothing lost, no leader change" if not result["faults"] else f"{len(result['faults'])} faults")
    return 1 if result["faults"] else 0


def stop_here():
    """SIGINT and SIGTERM end the run in order, whichever greenlet is at work: what was started is ended."""
    import gevent

    for number in (signal.SIGINT, signal.SIGTERM):
        gevent.signal_handler(number, gevent.getcurrent().throw, KeyboardInterrupt)


def main(arguments=None):
    options = parse(arguments)
    stop_here()
    try:
        if not options.web_ui:
            return run(options)
        with started(options) as nodes:
            return web_ui(options, TIERS["small" if options.tier == "all" else options.tier], nodes)
    except (NoLeader, CannotStart, Refused) as error:
        say(f"FAILED {error}")
        return 1
    except KeyboardInterrupt:
        say("stopped")
        return 130


if __name__ == "__main__":
    sys.exit(main())
