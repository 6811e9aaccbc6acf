"""S10: scenarios 1 to 5 on a node that stands alone, to see what a cluster costs.

With `--mode single` every scenario runs on such a node, and this one has nothing to add. Beside a cluster that `--start` started, a
node of its own is started; beside another cluster that cannot be done from here.
"""

from lib.scenario import Scenario


def obstacle(options):
    if options.mode == "single":
        return "scenarios 1 to 5 of this result are the baseline"
    if not options.start:
        return "a node that stands alone has to be started: --start three --binary FILE, or a run of its own with --mode single"
    return None


def stages(session):
    from locustfiles import ALL

    for scenario in ALL[:5]:
        for stage in scenario.stages(session):
            stage.label = f"S{scenario.number}: {stage.label}"
            yield stage


SCENARIO = Scenario(10, "single-node", "Single-node baseline", "single", stages, obstacle=obstacle, is_alone=True)
