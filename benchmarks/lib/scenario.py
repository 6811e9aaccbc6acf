"""What a scenario is: stages one after the other, each with one kind of user and so many of them."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

GROUPS = ("write", "read", "mixed", "audit", "payload", "snapshot", "single")


@dataclass
class Stage:
    """One load that is measured by itself."""

    label: str
    user: type
    users: int
    # Where users send what they send, in turn: writes to `writes`, reads to `reads`.
    writes: list = field(default_factory=list)
    reads: list = field(default_factory=list)
    payload: int | None = None
    # Done before anybody sends anything, and what it gives is in the result.
    before: Callable | None = None
    # Done while the load lasts; the stage ends with it, but not before its time.
    beside: Callable | None = None
    bytes_sent: int = 0
    # As many bytes were written as one stage may write.
    is_full: threading.Event = field(default_factory=threading.Event)


@dataclass
class Scenario:
    """One of the ten."""

    number: int
    name: str
    title: str
    group: str
    # Given the session; the targets are known by then.
    stages: Callable
    # Figures that follow from those of the stages, by their labels.
    derive: Callable | None = None
    # Why it cannot be run, given the options, or None.
    obstacle: Callable = lambda options: None
    # Whether it runs on a node of its own.
    is_alone: bool = False


def chosen(scenarios, text):
    """Those that `--scenarios` names: all, groups, numbers, names, with commas between."""
    found = []
    for word in text.split(","):
        takes = lambda scenario, word=word.strip(): word in ("all", scenario.group, scenario.name, str(scenario.number))
        named = [scenario for scenario in scenarios if takes(scenario)]
        if not named:
            raise ValueError(f"--scenarios is all, {', '.join(GROUPS)}, a number from 1 to {len(scenarios)}, or a name; not {word}")
        found += [scenario for scenario in named if scenario not in found]
    return sorted(found, key=lambda scenario: scenario.number)
