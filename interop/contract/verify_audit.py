#!/usr/bin/env python3
"""Verifies an export of the audit trail, with nothing of Manifold's: written from RFC 6962, RFC 9162, RFC 8032 and docs/formats/config.md.

    verify_audit.py EXPORT CHECKPOINT... --key KEY     everything in the export against signed checkpoints, also earlier ones
    verify_audit.py EXPORT --unsigned                  only whether it contradicts itself
    verify_audit.py --consistency PROOF EARLIER LATER --key KEY     that the later tree begins with the earlier one
    verify_audit.py --inclusion PROOF EXPORT CHECKPOINT --key KEY   that one record is in the tree; EXPORT may hold that record alone

KEY is a verifier's key, `name+id+key`, or a file that holds some, one a line; --key may come several times. Have them from elsewhere than the
log. --unsigned looks at no signature.
Ends with 0 if all is as it was signed, with 1 if anything is not, with 2 if it was asked wrongly. Needs nothing but Python 3.11.
"""

import argparse
import base64
import binascii
import hashlib
import json
import re
import sys
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path

ACTIONS = (
    None,
    "config.created",
    "config.updated",
    "config.deleted",
    "namespace.created",
    "namespace.updated",
    "namespace.deleted",
    "access.refused",
)
TYPES = ("string", "number", "boolean", "json", "binary")
FINDINGS_MAX = 50
HASH = re.compile(r"[0-9a-f]{64}")


class Wrong(Exception):
    """It is not what it should be."""


# Hashes and trees: RFC 6962, section 2.1; RFC 9162, sections 2.1.3.2 and 2.1.4.2.


def leaf_hash(data):
    return hashlib.sha256(b"\0" + data).digest()


def node_hash(left, right):
    return hashlib.sha256(b"\1" + left + right).digest()


class Tree:
    """The root of leaves that come one after the other."""

    def __init__(self):
        self.size = 0
        # The roots of complete trees, larger ones first: one for each bit of the size.
        self._complete = []

    def append(self, leaf):
        self.size += 1
        node, size = leaf, self.size
        while size % 2 == 0:
            node, size = node_hash(self._complete.pop(), node), size // 2
        self._complete.append(node)

    def root(self):
        if not self._complete:
            return hashlib.sha256(b"").digest()
        root = self._complete[-1]
        for left in reversed(self._complete[:-1]):
            root = node_hash(left, root)
        return root


def verify_inclusion(leaf, index, size, proof, root):
    """That `leaf` is number `index` of the tree with this root."""
    if index >= size:
        raise Wrong(f"record {index + 1} is beyond the {size} of the checkpoint")
    number, last, found = index, size - 1, leaf
    for node in proof:
        if last == 0:
            raise Wrong("the inclusion proof is too long")
        if number % 2 or number == last:
            found = node_hash(node, found)
            while number % 2 == 0 and number:
                number, last = number >> 1, last >> 1
        else:
            found = node_hash(found, node)
        number, last = number >> 1, last >> 1
    if last:
        raise Wrong("the inclusion proof is too short")
    if found != root:
        raise Wrong("the inclusion proof leads to another root")


def verify_consistency(first, second, proof, first_root, second_root):
    """That the tree of the first `second` leaves begins with that of the first `first`."""
    if first > second:
        raise Wrong(f"the earlier tree has {first} records and the later one {second}")
    if first == second or first == 0:
        if proof:
            raise Wrong("the consistency proof is too long")
        if first == second and first_root != second_root:
            raise Wrong("two trees of one size have different roots")
        return
    if first & (first - 1) == 0:
        proof = [first_root, *proof]
    if not proof:
        raise Wrong("the consistency proof is too short")
    number, last = first - 1, second - 1
    while number % 2:
        number, last = number >> 1, last >> 1
    one = two = proof[0]
    for node in proof[1:]:
        if last == 0:
            raise Wrong("the consistency proof is too long")
        if number % 2 or number == last:
            one, two = node_hash(node, one), node_hash(node, two)
            while number % 2 == 0 and number:
                number, last = number >> 1, last >> 1
        else:
            two = node_hash(two, node)
        number, last = number >> 1, last >> 1
    if last:
        raise Wrong("the consistency proof is too short")
    if one != first_root:
        raise Wrong("the consistency proof does not lead to the earlier root: what was signed then is not what is there now")
    if two != second_root:
        raise Wrong("the consistency proof does not lead to the later root")


# Ed25519: RFC 8032, section 5.1. Nothing secret is reckoned with, so it need not take the same time always.

P = 2**255 - 19
Q = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT = pow(2, (P - 1) // 4, P)


def point_add(one, two):
    a, b = (one[1] - one[0]) * (two[1] - two[0]) % P, (one[1] + one[0]) * (two[1] + two[0]) % P
    c, d = 2 * one[3] * two[3] * D % P, 2 * one[2] * two[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def point_multiply(scalar, point):
    found = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            found = point_add(found, point)
        point, scalar = point_add(point, point), scalar >> 1
    return found


def point_decode(data):
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & ((1 << 255) - 1)
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = P - x
    return (x, y, 1, x * y % P)


def point_encode(point):
    inverse = pow(point[2], P - 2, P)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


BASE = point_decode((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def ed25519_verify(public_key, message, signature):
    key, point = point_decode(public_key), point_decode(signature[:32])
    scalar = int.from_bytes(signature[32:], "little")
    if len(signature) != 64 or key is None or point is None or scalar >= Q:
        return False
    challenge = int.from_bytes(hashlib.sha512(signature[:32] + public_key + message).digest(), "little") % Q
    return point_encode(point_multiply(scalar, BASE)) == point_encode(point_add(point, point_multiply(challenge, key)))


# Checkpoints: docs/formats/config.md, "The tree".


def decode_base64(text):
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError, TypeError):
        raise Wrong(f"{str(text)[:40]!r} is no Base64") from None


def decode_hash(text):
    """64 hexadecimal digits."""
    if not isinstance(text, str) or not HASH.fullmatch(text):
        raise Wrong(f"{str(text)[:40]!r} is no hash of 64 hexadecimal digits")
    return bytes.fromhex(text)


@dataclass
class VerifierKey:
    """Whose signature counts."""

    name: str
    public_key: bytes

    @classmethod
    def read(cls, text):
        name, _, rest = text.strip().partition("+")
        identity, _, encoded = rest.partition("+")
        key = decode_base64(encoded)
        if not name or len(key) != 33 or key[0] != 1:
            raise Wrong("a verifier's key is name+id+key, and of Ed25519")
        made = cls(name, key[1:])
        if made.identity.hex() != identity:
            raise Wrong("the id of the verifier's key does not belong to it")
        return made

    @property
    def identity(self):
        return hashlib.sha256(self.name.encode() + b"\n\x01" + self.public_key).digest()[:4]


@dataclass
class Checkpoint:
    """What was signed."""

    origin: str
    size: int
    root: bytes
    label: str = ""

    @classmethod
    def read(cls, note, keys, label=""):
        """One of the keys must have signed it; None: whoever did, if anybody."""
        text, separator, signatures = note.rpartition("\n\n")
        text += "\n"
        if not separator:
            raise Wrong(f"{label}: no empty line before the signatures")
        lines = text.split("\n")
        if len(lines) < 4 or not lines[0] or not lines[1].isascii() or not lines[1].isdecimal() or str(int(lines[1])) != lines[1]:
            raise Wrong(f"{label}: a checkpoint has three lines: origin, size and root")
        root = decode_base64(lines[2])
        if len(root) != 32:
            raise Wrong(f"{label}: a root has 32 bytes")
        if keys is not None and not any(cls._is_by(line, key, text) for line in signatures.splitlines() for key in keys):
            names = " or ".join(sorted({key.name for key in keys}))
            raise Wrong(f"{label}: no signature is by {names}: do not trust it")
        return cls(lines[0], int(lines[1]), root, label)

    @staticmethod
    def _is_by(line, key, text):
        dash, _, rest = line.partition(" ")
        name, _, encoded = rest.partition(" ")
        if dash != "\u2014" or name != key.name:
            return False
        try:
            signature = decode_base64(encoded)
        except Wrong:
            return False
        return len(signature) == 68 and signature[:4] == key.identity and ed25519_verify(key.public_key, text.encode(), signature[4:])


# Records: docs/formats/config.md, "An audit record".


class Bytes:
    """Takes fields off the front."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, count):
        if self.at + count > len(self.data):
            raise Wrong("a record ends early")
        self.at += count
        return self.data[self.at - count : self.at]

    def number(self, count):
        return int.from_bytes(self.take(count), "little")

    def text(self):
        try:
            return self.take(self.number(2)).decode()
        except UnicodeDecodeError:
            raise Wrong("a text of a record is not UTF-8") from None


@dataclass
class Record:
    """One change or refusal, as it is hashed."""

    data: bytes
    closes: bool = False
    shows_values: bool = False
    action: str = ""
    attempted: str | None = None
    type: str = ""
    position: int = 0
    first: int = 0
    time_ms: int = 0
    namespace_id: tuple = ()
    version: int = 0
    replaced: int = 0
    restored: int = 0
    import_id: int = 0
    keys: int = 0
    size: int = 0
    before: bytes | None = None
    after: bytes | None = None
    namespace: str = ""
    key: str | None = None
    principal: str = ""
    key_id: str = ""
    address: str = ""
    request_id: str = ""
    comment: str = ""

    @classmethod
    def decode(cls, data):
        source, made = Bytes(data), cls(data)
        version, flags, action, attempted, kind = (source.number(1) for _ in range(5))
        if version != 1:
            raise Wrong(f"a record of version {version} is not known here")
        if flags >= 32 or not 1 <= action < len(ACTIONS) or attempted >= len(ACTIONS) or kind >= len(TYPES):
            raise Wrong("a record has an unknown flag, action or type")
        made.closes, made.shows_values = bool(flags & 1), bool(flags & 16)
        made.action, made.attempted, made.type = ACTIONS[action], ACTIONS[attempted], TYPES[kind]
        made.position, made.first, made.time_ms = (source.number(8) for _ in range(3))
        made.namespace_id = (source.number(8), source.number(4))
        numbers = (source.number(8) for _ in range(6))
        made.version, made.replaced, made.restored, made.import_id, made.keys, made.size = numbers
        made.before = source.take(32) if flags & 4 else None
        made.after = source.take(32) if flags & 8 else None
        made.namespace = source.text()
        made.key = source.text() if flags & 2 else None
        made.principal, made.key_id, made.address, made.request_id, made.comment = (source.text() for _ in range(5))
        if source.at != len(data):
            raise Wrong("a record has bytes behind its end")
        return made


# What a line shows for people must be what the record says.


def time_of(text):
    """Milliseconds since 1970."""
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except (ValueError, AttributeError):
        raise Wrong(f"{text!r} is no time") from None
    return round((moment - datetime(1970, 1, 1, tzinfo=timezone.utc)).total_seconds() * 1000)


# Fields of a line, and what the record must say of each. A line may leave out what it has nothing to say of.
SHOWN = {
    "position": lambda record: record.position,
    "transaction": lambda record: record.first,
    "closes": lambda record: record.closes,
    "action": lambda record: record.action,
    "attempted": lambda record: record.attempted,
    "actor": lambda record: record.principal,
    "keyId": lambda record: record.key_id,
    "address": lambda record: record.address,
    "requestId": lambda record: record.request_id,
    "comment": lambda record: record.comment,
    "namespace": lambda record: record.namespace,
    "key": lambda record: record.key,
    "version": lambda record: record.version,
    "replaced": lambda record: record.replaced,
    "restored": lambda record: record.restored,
    "import": lambda record: f"{record.import_id:016x}",
    "keys": lambda record: record.keys,
    "type": lambda record: record.type,
    "bytes": lambda record: record.size,
    "oldHash": lambda record: record.before and record.before.hex(),
    "newHash": lambda record: record.after and record.after.hex(),
    "leaf": lambda record: leaf_hash(record.data).hex(),
}
# What is read in another way, and what says why a value is not shown.
OTHERS = {"timestamp", "oldValue", "newValue", "record", "omitted"}


def hold_line(line, record):
    """Fields that are there, against the record; values, against their hashes."""
    for name, value in line.items():
        if name in SHOWN:
            wanted = SHOWN[name](record)
            if value != wanted or type(value) is not type(wanted):
                raise Wrong(f"{name} is shown as {value!r}, and the record says {wanted!r}")
        elif name not in OTHERS:
            raise Wrong(f"{name} is shown, and nobody knows what it is")
    if "timestamp" in line and time_of(line["timestamp"]) != record.time_ms:
        raise Wrong(f"its time is shown as {line['timestamp']}, and the record says {record.time_ms} ms")
    for name, wanted in (("oldValue", record.before), ("newValue", record.after)):
        value = line.get(name)
        if value is not None and wanted not in hashes_of(value):
            raise Wrong(f"{name} is not what the record has the hash of")


def hashes_of(value):
    """Of a text, and of the bytes that it is the Base64 of, as values of type binary are shown."""
    if not isinstance(value, str):
        raise Wrong("a value is shown as a text")
    found = [hashlib.sha256(value.encode()).digest()]
    try:
        found.append(hashlib.sha256(decode_base64(value)).digest())
    except Wrong:
        pass
    return found


class History:
    """Whether records fit to those before them. A log that is wrong in itself is found even if it was signed like that."""

    def __init__(self):
        self.last = None
        self.namespaces = {}
        self.keys = {}
        # What was there before an export that does not begin with the first record is not known.
        self.is_whole = True

    def see(self, record):
        last, self.last = self.last, record
        if last is None:
            self.is_whole = record.position == 1
        elif record.position != last.position + 1:
            raise Wrong(f"position {record.position} comes after {last.position}")
        if last is not None and record.time_ms < last.time_ms:
            raise Wrong(f"time {record.time_ms} comes after {last.time_ms}")
        begins = last is None or last.closes
        if (record.first != record.position if begins else record.first != last.first) and (last is not None or self.is_whole):
            raise Wrong(f"it says that its transaction begins at {record.first}")
        if self.is_whole and record.action != "access.refused":
            self.follow(record)

    def follow(self, record):
        place = record.namespace_id
        if record.key is not None:
            if place not in self.namespaces:
                raise Wrong("its namespace was never created, or is deleted")
            self.replace(self.keys.setdefault(place, {}), record.key, record, record.action == "config.deleted")
        elif record.action == "namespace.deleted":
            if len([found for found in self.keys.get(place, {}).values() if found[1] is not None]) != record.keys:
                raise Wrong(f"{record.keys} keys went with a namespace that had another number of them")
            self.replace(self.namespaces, place, record, is_end=True)
            self.namespaces.pop(place)
            self.keys.pop(place, None)
        else:
            self.replace(self.namespaces, place, record, is_end=False)

    @staticmethod
    def replace(where, name, record, is_end):
        version, content = where.get(name, (0, None))
        is_there = content is not None
        if record.before != content:
            raise Wrong("the hash before is not the hash after the change before it")
        if record.replaced != (version if is_there else 0):
            raise Wrong(f"it says that it replaced version {record.replaced}, and there was {version if is_there else 0}")
        if (record.after is None) != is_end:
            raise Wrong("a deletion has no hash after, and everything else has one")
        # A key that was deleted long ago may be forgotten, and count from 1 again. A namespace's end is no version of it.
        allowed = {0} if record.action == "namespace.deleted" else {version + 1} if is_there else {version + 1, 1}
        if record.version not in allowed:
            raise Wrong(f"version {record.version} comes after {version}")
        made = "deleted" if is_end else "updated" if is_there else "created"
        if record.action.partition(".")[2] != made or (is_end and not is_there):
            raise Wrong(f"it is {record.action}, and {'something' if is_there else 'nothing'} was there")
        where[name] = (record.version, record.after)


@dataclass
class Report:
    """What was found."""

    findings: list = field(default_factory=list)
    records: int = 0
    root: bytes = b""

    def add(self, text):
        if len(self.findings) < FINDINGS_MAX:
            self.findings.append(text)


def lines_of(path):
    """Numbers and JSON objects of an export."""
    with open(path, encoding="utf-8") as export:
        for number, text in enumerate(export, 1):
            if not text.endswith("\n"):
                raise Wrong(f"line {number}: the export is cut off in the middle of a line")
            try:
                line = json.loads(text)
            except ValueError:
                line = None
            if not isinstance(line, dict) or not isinstance(line.get("record"), str):
                raise Wrong(f"line {number}: not an object with a record")
            yield number, line


def verify_export(path, checkpoints):
    """Everything that can be seen of an export that begins with the first record."""
    report, tree, history = Report(), Tree(), History()
    wanted = sorted(checkpoints, key=lambda checkpoint: checkpoint.size)
    for later in wanted[1:]:
        if later.origin != wanted[0].origin:
            report.add(f"{later.label} is of {later.origin}, and {wanted[0].label} of {wanted[0].origin}")
    due = list(wanted)

    def compare():
        while due and due[0].size == tree.size:
            checkpoint = due.pop(0)
            if checkpoint.root != tree.root():
                report.add(f"{checkpoint.label}: the first {checkpoint.size} records are not those that were signed: another root")

    compare()
    try:
        for number, line in lines_of(path):
            try:
                data = decode_base64(line["record"])
                tree.append(leaf_hash(data))
                record = Record.decode(data)
                if record.position != tree.size:
                    report.add(f"line {number}: record {record.position} stands where {tree.size} belongs")
                hold_line(line, record)
                history.see(record)
            except Wrong as wrong:
                report.add(f"line {number}: {wrong}")
            compare()
    except (Wrong, UnicodeDecodeError) as wrong:
        report.add(str(wrong))
    for checkpoint in due:
        report.add(f"{checkpoint.label}: {checkpoint.size} records were signed, and the export has {tree.size}")
    report.records, report.root = tree.size, tree.root()
    return report


def read_proof(path, *names):
    told = json.loads(Path(path).read_text(encoding="utf-8"))
    if not isinstance(told, dict) or not isinstance(told.get("proof"), list) or any(not isinstance(told.get(name), int) for name in names):
        raise Wrong(f"{path}: a proof is an object with {', '.join(names)} and proof")
    proof = [decode_hash(node) for node in told["proof"]]
    return [told[name] for name in names], proof


def verify_consistency_file(path, earlier, later):
    (first, second), proof = read_proof(path, "from", "to")
    if (first, second) != (earlier.size, later.size):
        raise Wrong(f"the proof is from {first} to {second}, and the checkpoints are of {earlier.size} and {later.size}")
    if earlier.origin != later.origin:
        raise Wrong(f"the checkpoints are of two logs: {earlier.origin} and {later.origin}")
    verify_consistency(first, second, proof, earlier.root, later.root)


def verify_inclusion_file(path, export, checkpoint):
    (position, size), proof = read_proof(path, "position", "size")
    if size != checkpoint.size:
        raise Wrong(f"the proof is for a tree of {size}, and the checkpoint of {checkpoint.size}")
    for _, line in lines_of(export):
        data = decode_base64(line["record"])
        record = Record.decode(data)
        if record.position == position:
            hold_line(line, record)
            verify_inclusion(leaf_hash(data), position - 1, size, proof, checkpoint.root)
            return
    raise Wrong(f"{export} does not hold record {position}")


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", metavar="FILE")
    parser.add_argument(
        "--key", action="append", help="a verifier's key, or a file that holds some; each node of a cluster may have its own"
    )
    parser.add_argument("--unsigned", action="store_true", help="look at no signature")
    parser.add_argument("--consistency", metavar="PROOF")
    parser.add_argument("--inclusion", metavar="PROOF")
    options = parser.parse_args(arguments)
    if options.unsigned == bool(options.key):
        parser.error("name the verifier's key with --key, or say --unsigned")
    if (len(options.files) < 2 and not options.unsigned) or ((options.consistency or options.inclusion) and len(options.files) != 2):
        parser.error("see --help for which files are wanted")
    return options


def keys_of(text):
    """A key, or those of a file, one a line."""
    is_file = "+" not in text or Path(text).exists()
    lines = Path(text).read_text(encoding="utf-8").splitlines() if is_file else [text]
    return [VerifierKey.read(line) for line in lines if line.strip()]


def run(options):
    """Findings, and what to say if there are none."""
    keys = [key for text in options.key for key in keys_of(text)] if options.key else None

    def checkpoint(path):
        return Checkpoint.read(Path(path).read_text(encoding="utf-8"), keys, path)

    first, *rest = options.files
    if options.consistency:
        earlier, later = checkpoint(first), checkpoint(rest[0])
        verify_consistency_file(options.consistency, earlier, later)
        return [], f"the tree of {later.size} records begins with that of {earlier.size}"
    if options.inclusion:
        verify_inclusion_file(options.inclusion, first, checkpoint(rest[0]))
        return [], "the record is in the tree"
    checkpoints = [checkpoint(path) for path in rest]
    report = verify_export(first, checkpoints)
    sizes = ", ".join(str(found.size) for found in checkpoints)
    signed = f"those of the checkpoints ({sizes}) are as they were" if checkpoints else "nothing says that they are as they were"
    return report.findings, f"{report.records} records, root {base64.b64encode(report.root).decode()}; {signed}"


def main(arguments=None):
    options = parse(arguments)
    try:
        findings, told = run(options)
    except (Wrong, OSError, UnicodeDecodeError, ValueError) as error:
        findings, told = [str(error)], ""
    for finding in findings:
        print(f"WRONG {finding}")
    if not findings:
        print(f"verified: {told}" + (" (no signature was looked at)" if options.unsigned else ""))
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
