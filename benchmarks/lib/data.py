"""The data of a run: tiers, names, and values of which no two are equal.

Each write of a run has a serial. Its value follows from the run's seed, the serial and the size, so that it can be made again when it
is read back, and nothing but numbers is kept of it.
"""

import base64
import hashlib
import itertools
import random
from dataclasses import dataclass

LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
# A value begins with the code of its serial: 62^10 of them, and as long as the smallest payload.
CODE_LETTERS = 10
CODES = len(LETTERS) ** CODE_LETTERS
VALUE_BYTES_MAX = 8 << 20
KEYS = 1 << 48

PAYLOADS = {"10B": 10, "1KB": 1 << 10, "100KB": 100 << 10, "1MB": 1 << 20}


@dataclass(frozen=True)
class Tier:
    """How much is in the store before anything is measured."""

    name: str
    entries: int
    namespaces: int

    def namespace(self, number):
        """The name of one of them, which count from 1."""
        return f"bench-{self.name}-{number:03d}"

    @property
    def namespace_names(self):
        return [self.namespace(number) for number in range(1, self.namespaces + 1)]

    @property
    def audit_namespace(self):
        """One that only the audit scenario writes to, so that it knows how long its trail is."""
        return f"bench-{self.name}-audit"


TIERS = {tier.name: tier for tier in (Tier("small", 1_000, 10), Tier("large", 10_000, 50), Tier("xlarge", 100_000, 100))}


def bytes_of(text):
    """The bytes of `10B`, `1KB`, `64KB` or `1MB`."""
    for unit, factor in (("KB", 1 << 10), ("MB", 1 << 20), ("B", 1)):
        if text.upper().endswith(unit) and text[: -len(unit)].isdecimal():
            size = int(text[: -len(unit)]) * factor
            if CODE_LETTERS <= size <= VALUE_BYTES_MAX:
                return size
    raise ValueError(f"a payload is of 10B to 8MB, such as 10B, 1KB, 100KB or 1MB, and not {text}")


def size_label(size):
    for unit, factor in (("MB", 1 << 20), ("KB", 1 << 10)):
        if size >= factor and size % factor == 0:
            return f"{size // factor}{unit}"
    return f"{size}B"


class Values:
    """Values and keys by their serials."""

    def __init__(self, seed):
        self.seed = seed
        dice = random.Random(seed)
        self._block = base64.urlsafe_b64encode(dice.randbytes((VALUE_BYTES_MAX + (1 << 16)) * 3 // 4))
        self._room = len(self._block) - VALUE_BYTES_MAX
        # Odd and not a multiple of 31: then no two serials below 62^10 have one code, nor two below 2^48 one key.
        self._factor = 62 * dice.randrange(CODES // 124, CODES // 62) + 1
        self._start = dice.randrange(CODES)
        self._key_factor = 2 * dice.randrange(KEYS // 4, KEYS // 2) + 1
        self._key_start = dice.randrange(KEYS)

    def code(self, serial):
        number = (serial * self._factor + self._start) % CODES
        letters = bytearray(CODE_LETTERS)
        for place in range(CODE_LETTERS):
            number, letter = divmod(number, 62)
            letters[place] = ord(LETTERS[letter])
        return bytes(letters)

    def value(self, serial, size):
        """Exactly `size` bytes of letters, digits, `-` and `_`: nothing that JSON escapes."""
        if not CODE_LETTERS <= size <= VALUE_BYTES_MAX:
            raise ValueError(f"a value has {CODE_LETTERS} to {VALUE_BYTES_MAX} bytes, not {size}")
        offset = serial * 7919 % self._room
        return self.code(serial) + self._block[offset : offset + size - CODE_LETTERS]

    def body(self, serial, size):
        """The body of the request that writes it."""
        return b'{"value":"' + self.value(serial, size) + b'"}'

    def hash(self, serial, size):
        return hashlib.sha256(self.value(serial, size)).digest()

    def key(self, serial):
        """Looks like the first half of a UUID; equal serials have equal keys."""
        return f"key-{(serial * self._key_factor + self._key_start) % KEYS:012x}"


@dataclass
class Key:
    """What was written to a key, and what the server said to it."""

    namespace: str
    name: str
    size: int
    acknowledged: int = 0
    serial: int | None = None
    # Serials since the last acknowledgement to which no answer came, or one that leaves it open.
    doubtful: tuple = ()
    doubts: int = 0

    @property
    def path(self):
        return f"/api/v1/namespaces/{self.namespace}/config/{self.name}"


@dataclass
class Verdict:
    """What became of the acknowledged writes of one key."""

    verified: int = 0
    lost: int = 0
    reason: str | None = None


class Ledger:
    """All keys that a run wrote. A key has one writer at a time."""

    def __init__(self, values):
        self.values = values
        self.keys = []
        self._serials = itertools.count(1)

    def new_key(self, namespace, size):
        key = Key(namespace, self.values.key(next(self._serials)), size)
        self.keys.append(key)
        return key

    def next_serial(self):
        return next(self._serials)

    @property
    def acknowledged(self):
        return sum(key.acknowledged for key in self.keys)

    @property
    def doubtful(self):
        return sum(key.doubts for key in self.keys)

    @staticmethod
    def was_acknowledged(key, serial):
        key.serial, key.doubtful = serial, ()
        key.acknowledged += 1

    @staticmethod
    def is_doubtful(key, serial):
        key.doubtful += (serial,)
        key.doubts += 1

    def judge(self, key, entry):
        """Holds what is read at the end against what was acknowledged. `entry` is the JSON that came, or None for a 404."""
        if key.acknowledged == 0:
            return Verdict()
        if entry is None:
            return Verdict(lost=key.acknowledged, reason="the key is gone")
        value, version = entry.get("value"), entry.get("version")
        if not isinstance(value, str) or not isinstance(version, int):
            return Verdict(lost=key.acknowledged, reason="the entry has no value or no version")
        found = hashlib.sha256(value.encode()).digest()
        if found not in (self.values.hash(serial, key.size) for serial in (key.serial, *key.doubtful)):
            return Verdict(verified=0, lost=key.acknowledged, reason="the value is not the one that was written last")
        missing = key.acknowledged - version
        if missing > 0:
            return Verdict(key.acknowledged - missing, missing, f"version {version} after {key.acknowledged} acknowledged writes")
        if version > key.acknowledged + key.doubts:
            return Verdict(key.acknowledged, 0, f"version {version}, but only {key.acknowledged + key.doubts} writes were sent")
        return Verdict(verified=key.acknowledged)
