"""Holds an answer against what the contract says of it.

A template is JSON. An object has exactly these names, and others only with `"$more": true`. Texts that begin with `$` are patterns:

    $text  $text?  $int  $time  $any      a text, a text or null, a whole number, an RFC 3339 time, anything
    $match:REGEX                          a text that the expression fits as a whole

and so are objects with one of these:

    {"$each": T, "$count": n, "$descending": name}   an array of T, so many, by a field from large to small
    {"$contains": T}, {"$lacks": T}                  an array, one element of which is T, or none
    {"$repeat": text, "$times": n}                   a text again and again
"""

import re
from datetime import datetime

SHOWN = 120


def short(value):
    text = repr(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}... ({len(text)} letters)"


def is_time(value):
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", value):
        return False
    try:
        # Digits beyond microseconds are no concern of Python's.
        datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", value).replace("Z", "+00:00"))
    except ValueError:
        return False
    return True


PATTERNS = {
    "$any": lambda value: True,
    "$text": lambda value: isinstance(value, str),
    "$text?": lambda value: value is None or isinstance(value, str),
    "$int": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "$time": is_time,
}


def differences(template, value, where="body"):
    """What is not as it should be, in words."""
    if isinstance(template, str):
        return _text(template, value, where)
    if isinstance(template, dict):
        return _object(template, value, where)
    if isinstance(template, list):
        if not isinstance(value, list) or len(value) != len(template):
            return [f"{where} is {short(value)} and not an array of {len(template)}"]
        return [found for place, (one, other) in enumerate(zip(template, value)) for found in differences(one, other, f"{where}[{place}]")]
    return [] if template == value and type(template) is type(value) else [f"{where} is {short(value)} and not {short(template)}"]


def _text(template, value, where):
    if template in PATTERNS:
        return [] if PATTERNS[template](value) else [f"{where} is {short(value)} and not {template}"]
    if template.startswith("$match:"):
        fits = isinstance(value, str) and re.fullmatch(template[len("$match:") :], value)
        return [] if fits else [f"{where} is {short(value)}, which {template} does not fit"]
    return [] if template == value else [f"{where} is {short(value)} and not {short(template)}"]


def _object(template, value, where):
    if "$repeat" in template:
        whole = template["$repeat"] * template["$times"]
        return [] if value == whole else [f"{where} is {short(value)} and not {len(whole)} bytes of {template['$repeat']!r}"]
    if {"$each", "$contains", "$lacks"} & set(template):
        return _array(template, value, where) if isinstance(value, list) else [f"{where} is {short(value)} and not an array"]
    if not isinstance(value, dict):
        return [f"{where} is {short(value)} and not an object"]
    wanted = {name: inner for name, inner in template.items() if name != "$more"}
    found = [f"{where} has no {name}" for name in wanted if name not in value]
    if not template.get("$more"):
        found += [f"{where} has {name}, which nobody expects" for name in value if name not in wanted]
    for name, inner in wanted.items():
        if name in value:
            found += differences(inner, value[name], f"{where}.{name}")
    return found


def _array(template, value, where):
    if "$contains" in template:
        if any(not differences(template["$contains"], element) for element in value):
            return []
        return [f"no element of {where} is {short(template['$contains'])}; there are {len(value)}: {short(value)}"]
    if "$lacks" in template:
        there = [element for element in value if not differences(template["$lacks"], element)]
        return [f"{where} has {short(there[0])}"] if there else []
    found = [found for place, element in enumerate(value) for found in differences(template["$each"], element, f"{where}[{place}]")][:5]
    if len(value) != template.get("$count", len(value)):
        found.append(f"{where} has {len(value)} elements and not {template['$count']}")
    name = template.get("$descending")
    if name and not found:
        order = [element[name] for element in value]
        if order != sorted(order, reverse=True):
            found.append(f"{where} is not in descending order of {name}")
    return found
