"""Runs the stages of a scenario with Locust, one after the other, in this process."""

import time

import gevent
from locust.env import Environment

from lib import running
from lib.nodes import TICKS
from lib.report import Recorder, line, timestamp

# What is under way when a stage ends may finish: a write that is cut off would be in doubt.
STOP_SECONDS = 60
# From here on the tool's processor time says that the tool was measured, too.
BUSY = 0.9


def processor_seconds():
    """Of this process."""
    with open("/proc/self/stat", encoding="ascii") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def run_stage(session, stage, host):
    """Gives the stage's figures."""
    more = stage.before() if stage.before else {}
    session.stage = stage
    recorder = Recorder()
    environment = Environment(user_classes=[stage.user], host=host, stop_timeout=STOP_SECONDS)
    environment.events.request.add_listener(recorder.on_request)
    runner = environment.create_local_runner()
    begun = timestamp()
    beside = gevent.spawn(stage.beside) if stage.beside else None
    try:
        runner.start(stage.users, spawn_rate=max(stage.users, 1))
        stage.is_full.wait(session.plan.warm_up)
        recorder.open()
        start, cpu = time.monotonic(), processor_seconds()
        stage.is_full.wait(session.plan.seconds)
        if beside is not None:
            more = {**more, **beside.get()}
        seconds, cpu = time.monotonic() - start, processor_seconds() - cpu
        recorder.close()
    finally:
        runner.quit()
        if beside is not None:
            beside.kill()
        session.stage = None
    figures = recorder.figures(seconds)
    busy = cpu / seconds if seconds else 0.0
    return {
        "label": stage.label,
        "started": begun,
        "users": stage.users,
        "payload_bytes": stage.payload,
        "writes_to": stage.writes,
        "reads_from": stage.reads,
        "ended_by": "bytes" if stage.is_full.is_set() else "time",
        **figures,
        "client_cpu_share": round(busy, 3),
        "client_is_the_limit": busy > BUSY,
        **more,
    }


def run_scenario(session, scenario, say):
    """Runs all stages; `say` is given a line for each."""
    running.set_session(session)
    stages, faults = [], len(session.faults)
    for stage in scenario.stages(session):
        figures = run_stage(session, stage, session.cluster.leader)
        stages.append(figures)
        hint = "  (this client is at its limit)" if figures["client_is_the_limit"] else ""
        say("      " + line(figures["label"], figures) + hint)
        for text, count in list(figures["errors"].items())[:3]:
            say(f"        {count} x {text}")
    result = {"number": scenario.number, "name": scenario.name, "title": scenario.title, "stages": stages}
    if session.faults[faults:]:
        result["faults"] = session.faults[faults:]
    if scenario.derive:
        result["derived"] = scenario.derive({stage["label"]: stage for stage in stages})
    return result
