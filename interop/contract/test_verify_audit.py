"""The verifier of the audit trail: known answers of the RFCs and of docs/formats/config.md, and each tampering that can be thought of."""

import base64
import contextlib
import copy
import hashlib
import io
import json
import random
import re
import sys
import tempfile
import unittest
from pathlib import Path

CONTRACT = Path(__file__).resolve().parent
sys.path.insert(0, str(CONTRACT))

import verify_audit as verify  # noqa: E402

SEED = bytes(range(32))
LINE_AND_KIND = b"\n\x01"


def sha256(data):
    return hashlib.sha256(data).digest()


# The other side: writes records, trees, proofs and checkpoints. RFC 8032, 5.1.5 and 5.1.6; RFC 6962, 2.1.


def secret(seed):
    hashed = hashlib.sha512(seed).digest()
    scalar = int.from_bytes(hashed[:32], "little") & ((1 << 254) - 8) | (1 << 254)
    return scalar, hashed[32:]


def public(seed):
    return verify.point_encode(verify.point_multiply(secret(seed)[0], verify.BASE))


def sign(seed, message):
    scalar, prefix = secret(seed)
    key = public(seed)
    nonce = int.from_bytes(hashlib.sha512(prefix + message).digest(), "little") % verify.Q
    point = verify.point_encode(verify.point_multiply(nonce, verify.BASE))
    challenge = int.from_bytes(hashlib.sha512(point + key + message).digest(), "little") % verify.Q
    return point + ((nonce + challenge * scalar) % verify.Q).to_bytes(32, "little")


def tree(leaves):
    """As the RFC defines it, not as the verifier reckons it."""
    if len(leaves) <= 1:
        return leaves[0] if leaves else sha256(b"")
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return verify.node_hash(tree(leaves[:split]), tree(leaves[split:]))


def path(index, leaves):
    if len(leaves) == 1:
        return []
    split = 1 << (len(leaves) - 1).bit_length() - 1
    if index < split:
        return [*path(index, leaves[:split]), tree(leaves[split:])]
    return [*path(index - split, leaves[split:]), tree(leaves[:split])]


def consistency(first, leaves, is_whole=True):
    if first == len(leaves):
        return [] if is_whole else [tree(leaves)]
    split = 1 << (len(leaves) - 1).bit_length() - 1
    if first <= split:
        return [*consistency(first, leaves[:split], is_whole), tree(leaves[split:])]
    return [*consistency(first - split, leaves[split:], False), tree(leaves[:split])]


def encode(record):
    number = lambda value, count: value.to_bytes(count, "little")
    text = lambda value: number(len(value.encode()), 2) + value.encode()
    bits = (record.closes, record.key is not None, record.before is not None, record.after is not None, record.shows_values)
    attempted = verify.ACTIONS.index(record.attempted)
    head = [
        1,
        sum(bit << place for place, bit in enumerate(bits)),
        verify.ACTIONS.index(record.action),
        attempted,
        verify.TYPES.index(record.type),
    ]
    numbers = [record.version, record.replaced, record.restored, record.import_id, record.keys, record.size]
    texts = [record.namespace, *([] if record.key is None else [record.key])]
    texts += [record.principal, record.key_id, record.address, record.request_id, record.comment]
    return b"".join(
        [
            bytes(head),
            *(number(value, 8) for value in (record.position, record.first, record.time_ms, record.namespace_id[0])),
            number(record.namespace_id[1], 4),
            *(number(value, 8) for value in numbers),
            record.before or b"",
            record.after or b"",
            *map(text, texts),
        ]
    )


class Log:
    """A trail as a server would keep it: four namespaces, thirty keys, deletions, refusals, transactions."""

    def __init__(self, count=60, seed=1):
        self.dice = random.Random(seed)
        self.records, self.values = [], []
        self.namespaces, self.generations = {}, {}
        self.time = 1_700_000_000_000
        while len(self.records) < count:
            self.change()

    def add(self, action, namespace, closes=True, key=None, old=None, new=None, **more):
        position = len(self.records) + 1
        last = self.records[-1] if self.records else None
        first = position if last is None or last.closes else last.first
        record = verify.Record(b"", closes=closes, action=action, type="string", position=position, first=first, time_ms=self.time)
        record.namespace, record.key, record.principal, record.key_id, record.shows_values = namespace, key, "ann", "key-1", True
        record.namespace_id = (ord(namespace[0]), self.generations.get(namespace, 0))
        record.before, record.after = (old and sha256(old.encode())), (new and sha256(new.encode()))
        for name, value in more.items():
            setattr(record, name, value)
        self.records.append(record)
        self.values.append((old if key else None, new if key else None))

    def change(self):
        dice = self.dice
        self.time += dice.randrange(3)
        name = dice.choice("abcd")
        there = self.namespaces.get(name)
        kind = dice.randrange(12)
        if kind == 0:
            self.add("access.refused", name, attempted="config.updated", key="k1")
        elif there is None or kind == 1:
            self.put_namespace(name, closes=True)
        elif kind == 2 and there["keys"]:
            live = sum(1 for _, value in there["keys"].values() if value)
            self.add("namespace.deleted", name, old=there["state"], replaced=there["version"], keys=live)
            del self.namespaces[name]
        else:
            for closes in (False, True) if kind == 3 else (True,):
                self.put_key(name, f"k{dice.randrange(8)}" if closes else "k9", closes)

    def put_namespace(self, name, closes):
        there = self.namespaces.get(name)
        state = f"state {len(self.records)}"
        if there is None:
            self.generations[name] = self.generations.get(name, 0) + 1
            self.namespaces[name] = {"version": 1, "state": state, "keys": {}}
            self.add("namespace.created", name, closes, new=state, version=1)
        else:
            version = there["version"] + 1
            self.add("namespace.updated", name, closes, old=there["state"], new=state, version=version, replaced=there["version"])
            there.update(version=version, state=state)

    def put_key(self, name, key, closes):
        keys = self.namespaces[name]["keys"]
        version, old = keys.get(key, (0, None))
        is_end = old is not None and self.dice.randrange(4) == 0
        new = None if is_end else f"value {len(self.records)}"
        action = "config.deleted" if is_end else "config.updated" if old else "config.created"
        size = 0 if is_end else len(new)
        self.add(action, name, closes, key, old, new, version=version + 1, replaced=version if old else 0, size=size)
        keys[key] = (version + 1, new)

    def leaves(self):
        return [verify.leaf_hash(encode(record)) for record in self.records]

    def lines(self):
        lines = []
        for record, (old, new) in zip(self.records, self.values):
            moment = verify.datetime.fromtimestamp(record.time_ms / 1000, verify.timezone.utc)
            shown = {"position": record.position, "timestamp": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")}
            shown.update(
                action=record.action, actor=record.principal, namespace=record.namespace, key=record.key, oldValue=old, newValue=new
            )
            lines.append({**shown, "record": base64.b64encode(encode(record)).decode()})
        return lines

    def note(self, size, seed=SEED, name="example.org/log", origin="example.org/log/default", root=None):
        root = root or tree(self.leaves()[:size])
        text = f"{origin}\n{size}\n{base64.b64encode(root).decode()}\n"
        identity = sha256(name.encode() + b"\n\x01" + public(seed))[:4]
        return f"{text}\n\u2014 {name} {base64.b64encode(identity + sign(seed, text.encode())).decode()}\n"


def verifier_key(seed=SEED, name="example.org/log"):
    key = public(seed)
    return f"{name}+{sha256(name.encode() + LINE_AND_KIND + key)[:4].hex()}+{base64.b64encode(bytes([1]) + key).decode()}"


class KnownAnswersTest(unittest.TestCase):
    def test_ed25519_of_rfc_8032(self):
        for seed, key, message, signature in (
            (
                "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
                "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
                "",
                "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
            ),
            (
                "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
                "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
                "72",
                "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
            ),
        ):
            seed, key, message, signature = map(bytes.fromhex, (seed, key, message, signature))
            self.assertEqual(public(seed), key)
            self.assertEqual(sign(seed, message), signature)
            self.assertTrue(verify.ed25519_verify(key, message, signature))
            self.assertFalse(verify.ed25519_verify(key, message + b"x", signature))
            for place in (0, 31, 32, 63):
                changed = bytearray(signature)
                changed[place] ^= 1
                self.assertFalse(verify.ed25519_verify(key, message, bytes(changed)))
            high = (int.from_bytes(signature[32:], "little") + verify.Q).to_bytes(32, "little")
            self.assertFalse(verify.ed25519_verify(key, message, signature[:32] + high), "a second signature from the first")
            self.assertFalse(verify.ed25519_verify(key, message, signature + b"\0"))

    def test_roots_of_certificate_transparency(self):
        leaves = [
            bytes.fromhex(text)
            for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
        ]
        roots = """
            6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d
            fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125
            aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77
            d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7
            4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4
            76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef
            ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c
            5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328
        """.split()
        found = verify.Tree()
        self.assertEqual(found.root(), sha256(b""))
        for leaf, root in zip(leaves, roots):
            found.append(verify.leaf_hash(leaf))
            self.assertEqual(found.root().hex(), root)

    def test_the_record_that_the_documentation_draws(self):
        text = (CONTRACT.parent.parent / "docs/formats/config.md").read_text(encoding="utf-8")
        block = re.search(r"Record of it: `ann` updates `k` in `a`.*?```text\n(.*?)```", text, re.DOTALL)[1]
        record = verify.Record.decode(bytes.fromhex("".join(block.split())))
        self.assertEqual((record.action, record.principal, record.namespace, record.key), ("config.updated", "ann", "a", "k"))
        self.assertEqual((record.position, record.version, record.replaced, record.size, record.time_ms), (3, 2, 1, 3, 1000))
        self.assertEqual((record.before, record.after), (sha256(b""), sha256(b"val")))
        self.assertTrue(record.closes and record.shows_values)
        self.assertEqual(encode(record), record.data)

    def test_the_export_that_the_documentation_draws(self):
        text = (CONTRACT.parent.parent / "docs/formats/config.md").read_text(encoding="utf-8")
        block = re.search(r"## An export.*?```json\n(.*?)```", text, re.DOTALL)[1]
        line = json.loads(block)
        verify.hold_line(line, verify.Record.decode(verify.decode_base64(line["record"])))
        self.assertEqual(line["key"], "k")


class RealTrailTest(unittest.TestCase):
    """What the server's own code wrote: golden/, made by crates/config/tests/trail.rs."""

    GOLDEN = CONTRACT / "golden"

    def ask(self, *files):
        told = io.StringIO()
        with contextlib.redirect_stdout(told):
            code = verify.main(
                [*(name if name.startswith("--") else str(self.GOLDEN / name) for name in files), "--key", str(self.GOLDEN / "key")]
            )
        return code, told.getvalue()

    def test_it_is_verified(self):
        self.assertEqual(self.ask("export.jsonl", "checkpoint-earlier", "checkpoint")[0], 0)
        self.assertEqual(self.ask("--consistency", "consistency.json", "checkpoint-earlier", "checkpoint")[0], 0)
        self.assertEqual(self.ask("--inclusion", "inclusion.json", "export.jsonl", "checkpoint")[0], 0)

    def test_each_line_that_is_changed_dropped_or_moved_is_found(self):
        lines = (self.GOLDEN / "export.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
        note = verify.Checkpoint.read((self.GOLDEN / "checkpoint").read_text(encoding="utf-8"), None)
        with tempfile.TemporaryDirectory() as folder:
            export = Path(folder) / "export"

            def found(changed):
                export.write_text("".join(changed), encoding="utf-8")
                return verify.verify_export(export, [note]).findings

            self.assertEqual(found(lines), [])
            for number in range(0, len(lines), 7):
                line = json.loads(lines[number])
                data = bytearray(verify.decode_base64(line["record"]))
                data[number % len(data)] ^= 1
                line["record"] = base64.b64encode(data).decode()
                self.assertTrue(found([*lines[:number], json.dumps(line) + "\n", *lines[number + 1 :]]), f"line {number} changed")
                self.assertTrue(found(lines[:number] + lines[number + 1 :]), f"line {number} dropped")
                self.assertTrue(
                    found([*lines[:number], *reversed(lines[number : number + 2]), *lines[number + 2 :]]) or number + 1 >= len(lines)
                )


class ProofTest(unittest.TestCase):
    def test_every_proof_of_small_trees(self):
        leaves = [verify.leaf_hash(bytes([number])) for number in range(40)]
        for size in range(1, 41):
            root = tree(leaves[:size])
            for index in range(size):
                proof = path(index, leaves[:size])
                verify.verify_inclusion(leaves[index], index, size, proof, root)
                self.assert_refused(lambda: verify.verify_inclusion(leaves[index - 1], index, size, proof, root), size > 1)
                for wrong in self.bent(proof):
                    self.assert_refused(lambda: verify.verify_inclusion(leaves[index], index, size, wrong, root))
            for first in range(1, size + 1):
                proof, old = consistency(first, leaves[:size]), tree(leaves[:first])
                verify.verify_consistency(first, size, proof, old, root)
                for wrong in self.bent(proof):
                    self.assert_refused(lambda: verify.verify_consistency(first, size, wrong, old, root))
                other = verify.node_hash(old, old)
                self.assert_refused(lambda: verify.verify_consistency(first, size, proof, other, root))
                self.assert_refused(lambda: verify.verify_consistency(first, size, proof, old, other))

    @staticmethod
    def bent(proof):
        yield [*proof, bytes(32)]
        if proof:
            yield proof[:-1]
            yield proof[1:]
            yield [bytes([proof[0][0] ^ 1]) + proof[0][1:], *proof[1:]]
        if len(proof) > 1:
            yield [proof[1], proof[0], *proof[2:]]

    def assert_refused(self, what, applies=True):
        if applies:
            with self.assertRaises(verify.Wrong):
                what()


class TamperingTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.log = Log()
        cls.lines = cls.log.lines()
        cls.notes = [cls.log.note(20), cls.log.note(60)]

    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = Path(directory.name)

    def verify(self, lines, notes=None, *more, key=None):
        export = self.directory / "export"
        export.write_text(lines if isinstance(lines, str) else "".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
        files = []
        for number, note in enumerate(self.notes if notes is None else notes):
            files.append(self.directory / f"checkpoint-{number}")
            files[-1].write_text(note, encoding="utf-8")
        return self.ask(export, *files, "--key", key or verifier_key(), *more)

    @staticmethod
    def ask(*arguments):
        told = io.StringIO()
        with contextlib.redirect_stdout(told):
            code = verify.main([str(argument) for argument in arguments])
        return code, told.getvalue()

    def assert_found(self, words, lines, *more, **named):
        code, told = self.verify(lines, *more, **named)
        self.assertEqual(code, 1, told)
        self.assertRegex(told, words)

    def test_what_is_as_it_was_is_verified(self):
        code, told = self.verify(self.lines)
        self.assertEqual(code, 0, told)
        self.assertRegex(told, r"^verified: 60 records, root \S{44}; those of the checkpoints \(20, 60\) are as they were\n$")

    def test_an_empty_log_is_verified(self):
        code, told = self.verify([], [Log(0).note(0)])
        self.assertEqual(code, 0, told)

    def test_many_logs_are_verified(self):
        for seed in range(20):
            log = Log(200, seed)
            code, told = self.verify(log.lines(), [log.note(137), log.note(200)])
            self.assertEqual(code, 0, f"seed {seed}: {told}")

    def test_records_after_the_checkpoint_may_be_there(self):
        code, told = self.verify(self.lines, self.notes[:1])
        self.assertEqual(code, 0, told)

    def test_each_byte_of_a_record_counts(self):
        data = verify.decode_base64(self.lines[30]["record"])
        for place in range(len(data)):
            lines = copy.deepcopy(self.lines)
            changed = bytearray(data)
            changed[place] ^= 1
            lines[30]["record"] = base64.b64encode(changed).decode()
            self.assert_found("another root", lines, self.notes[1:])

    def test_what_is_shown_of_a_record_counts(self):
        number = next(n for n, line in enumerate(self.lines) if line["action"] == "config.updated")
        for name, value, words in (
            ("actor", "bob", "actor is shown as 'bob'"),
            ("action", "config.created", "action is shown"),
            ("namespace", "z", "namespace is shown"),
            ("key", "other", "key is shown"),
            ("key", None, "key is shown"),
            ("position", 7, "position is shown"),
            ("timestamp", "2020-01-01T00:00:00Z", "time is shown"),
            ("timestamp", "yesterday", "is no time"),
            ("oldValue", "was never there", "oldValue is not"),
            ("newValue", "was never there", "newValue is not"),
            ("newValue", 5, "a value is shown as a text"),
            ("version", 99, "version is shown"),
            ("replaced", 99, "replaced is shown"),
            ("transaction", 1, "transaction is shown"),
            ("closes", 1, "closes is shown"),
            ("comment", "why not", "comment is shown"),
            ("keyId", "another", "keyId is shown"),
            ("address", "10.0.0.1", "address is shown"),
            ("requestId", "r", "requestId is shown"),
            ("type", "number", "type is shown"),
            ("bytes", 1, "bytes is shown"),
            ("oldHash", "00", "oldHash is shown"),
            ("newHash", None, "newHash is shown"),
            ("leaf", "00", "leaf is shown"),
            ("approved", True, "nobody knows what it is"),
        ):
            lines = copy.deepcopy(self.lines)
            lines[number][name] = value
            self.assert_found(words, lines)

    def test_a_value_that_is_left_out_is_no_lie(self):
        lines = copy.deepcopy(self.lines)
        for line in lines:
            line["oldValue"] = None
            del line["newValue"]
        code, told = self.verify(lines)
        self.assertEqual(code, 0, told)

    def test_a_value_where_there_was_none_is_found(self):
        lines = copy.deepcopy(self.lines)
        number = next(n for n, line in enumerate(lines) if line["action"] == "config.created")
        lines[number]["oldValue"] = ""
        self.assert_found("oldValue is not", lines)

    def test_each_record_that_is_dropped_is_found(self):
        for number in range(60):
            self.assert_found("export has 59" if number == 59 else "belongs", self.lines[:number] + self.lines[number + 1 :])

    def test_an_end_that_is_cut_off_is_found(self):
        self.assert_found("60 records were signed, and the export has 25", self.lines[:25])
        whole = "".join(json.dumps(line) + "\n" for line in self.lines)
        self.assert_found("cut off in the middle of a line", whole[:-40])
        self.assert_found("0 and the export has 0|export has 0", "")

    def test_each_pair_that_is_swapped_is_found(self):
        for number in range(59):
            lines = list(self.lines)
            lines[number], lines[number + 1] = lines[number + 1], lines[number]
            self.assert_found("belongs", lines)

    def test_a_record_that_is_there_twice_is_found(self):
        self.assert_found("belongs", [*self.lines[:10], *self.lines[9:]])

    def test_a_record_that_was_made_up_is_found(self):
        made = copy.deepcopy(self.log.records[9])
        made.position += 1
        line = {"record": base64.b64encode(encode(made)).decode()}
        self.assert_found("another root", [*self.lines[:10], line, *self.lines[10:]])

    def rewritten(self, change, count=60):
        """A log that was changed and reckoned anew."""
        log = Log(count)
        change(log)
        return log

    def test_a_rewritten_past_is_found_by_the_checkpoint_that_was_kept(self):
        def change(log):
            log.records[4].principal = "nobody"

        log = self.rewritten(change)
        lines = log.lines()
        code, told = self.verify(lines, [log.note(20), log.note(60)])
        self.assertEqual(code, 0, f"whoever kept nothing sees nothing: {told}")
        self.assert_found("checkpoint-0: the first 20 records are not those that were signed", lines, [self.notes[0], log.note(60)])

    def test_a_rewritten_past_needs_the_key(self):
        def change(log):
            log.records[4].principal = "nobody"

        log = self.rewritten(change)
        self.assert_found("no signature is by", log.lines(), [log.note(60, seed=bytes(32))])

    def test_a_log_that_contradicts_itself_is_found_though_it_was_signed(self):
        def find(log, action):
            return next(n for n, record in enumerate(log.records) if record.action == action and n > 5)

        def lie(kind, /, **fields):
            def change(log):
                number = find(log, kind)
                for name, value in fields.items():
                    setattr(log.records[number], name, value)
                log.values[number] = (None, None)

            return change

        def drop(log):
            number = find(log, "config.updated")
            del log.records[number], log.values[number]
            for later in log.records[number:]:
                later.position -= 1
                later.first -= later.first > number
            log.records.append(copy.deepcopy(log.records[-1]))
            log.values.append((None, None))

        for change, words in (
            (lie("config.updated", before=sha256(b"other")), "hash before"),
            (lie("config.updated", after=sha256(b"other")), "hash before|hash after"),
            (lie("config.updated", version=99), "version 99 comes after"),
            (lie("config.updated", replaced=99), "replaced version 99"),
            (lie("config.updated", action="config.created"), "it is config.created"),
            (lie("config.deleted", after=sha256(b"x")), "a deletion has no hash after"),
            (lie("config.created", namespace_id=(999, 1)), "never created"),
            (lie("config.created", first=1), "its transaction begins at 1"),
            (lie("config.created", time_ms=1), "time 1 comes after"),
            (lie("namespace.updated", before=None), "hash before"),
            (lie("namespace.deleted", keys=999), "999 keys went"),
            (drop, "comes after|hash before|replaced"),
        ):
            log = self.rewritten(change, 150)
            self.assert_found(words, log.lines(), [log.note(len(log.records))])

    def test_a_checkpoint_that_was_changed_is_found(self):
        note = self.notes[1]
        lines = note.split("\n")
        for changed, words in (
            (note.replace("\n60\n", "\n59\n"), "no signature is by"),
            (note.replace("default", "defaulT"), "no signature is by"),
            (note.replace(lines[2], base64.b64encode(bytes(32)).decode()), "no signature is by"),
            (note.replace("\n\n", "\n"), "no empty line"),
            (note.replace("\n60\n", "\n060\n"), "three lines"),
            (note.replace("\u2014 example.org/log", "\u2014 example.org/other"), "no signature is by"),
            (note[:-4] + "\n", "no signature is by"),
            (note.partition("\n\n")[0] + "\n\n", "no signature is by"),
            ("", "no empty line"),
        ):
            self.assert_found(words, self.lines, [changed])

    def test_other_lines_and_signatures_are_passed_over(self):
        text, _, signature = self.notes[1].rpartition("\n\n")
        text += "\nsomething more\n"
        identity = sha256(b"example.org/log\n\x01" + public(SEED))[:4]
        own = base64.b64encode(identity + sign(SEED, text.encode())).decode()
        note = f"{text}\n\u2014 somebody.else AAAA\n{signature.strip()}\n\u2014 example.org/log {own}\n"
        code, told = self.verify(self.lines, [note])
        self.assertEqual(code, 0, told)

    def test_checkpoints_of_two_logs_are_not_compared(self):
        other = self.log.note(60, origin="example.org/log/other")
        self.assert_found("is of example.org/log/other", self.lines, [self.notes[0], other])

    def test_a_key_with_a_wrong_id_is_refused(self):
        self.assert_found("does not belong to it", self.lines, key=re.sub(r"\+[0-9a-f]{8}\+", "+00000000+", verifier_key()))

    def test_each_node_may_sign_with_a_key_of_its_own(self):
        other = bytes(range(1, 33))
        notes = [self.notes[0], self.log.note(60, seed=other)]
        self.assert_found("no signature is by", self.lines, notes)
        code, told = self.verify(self.lines, notes, "--key", verifier_key(other))
        self.assertEqual(code, 0, told)
        keys = self.write("keys", f"{verifier_key()}\n{verifier_key(other)}\n")
        code, told = self.verify(self.lines, notes, key=keys)
        self.assertEqual(code, 0, told)

    def test_without_a_key_it_says_so(self):
        export = self.directory / "export"
        export.write_text("".join(json.dumps(line) + "\n" for line in self.lines), encoding="utf-8")
        note = self.directory / "note"
        note.write_text(self.notes[1], encoding="utf-8")
        code, told = self.ask(export, note, "--unsigned")
        self.assertEqual(code, 0)
        self.assertIn("no signature was looked at", told)
        code, told = self.ask(export, "--unsigned")
        self.assertEqual(code, 0)
        self.assertIn("nothing says that they are as they were", told)
        with self.assertRaises(SystemExit), contextlib.redirect_stderr(io.StringIO()):
            self.ask(export, note)

    def write(self, name, content):
        place = self.directory / name
        place.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return place

    def test_proofs_without_the_whole_export(self):
        leaves = self.log.leaves()
        encoded = lambda nodes: [node.hex() for node in nodes]
        earlier, later = self.write("earlier", self.notes[0]), self.write("later", self.notes[1])
        proof = self.write("proof", {"from": 20, "to": 60, "proof": encoded(consistency(20, leaves))})
        self.assertEqual(self.ask("--consistency", proof, earlier, later, "--key", verifier_key())[0], 0)
        wrong = self.write("wrong", {"from": 20, "to": 60, "proof": encoded(consistency(20, leaves)[1:])})
        self.assertEqual(self.ask("--consistency", wrong, earlier, later, "--key", verifier_key())[0], 1)
        self.assertEqual(self.ask("--consistency", proof, later, earlier, "--key", verifier_key())[0], 1)
        forked = Log(60)
        forked.records[3].comment = "another past"
        note = self.write("forked", forked.note(60))
        fork = self.write("fork", {"from": 20, "to": 60, "proof": encoded(consistency(20, forked.leaves()))})
        code, told = self.ask("--consistency", fork, earlier, note, "--key", verifier_key())
        self.assertEqual(code, 1)
        self.assertIn("what was signed then is not what is there now", told)
        inclusion = self.write("inclusion", {"position": 31, "size": 60, "proof": encoded(path(30, leaves))})
        alone = self.write("alone", json.dumps(self.lines[30]) + "\n")
        self.assertEqual(self.ask("--inclusion", inclusion, alone, later, "--key", verifier_key())[0], 0)
        other = self.write("other", json.dumps(self.lines[29]) + "\n")
        self.assertEqual(self.ask("--inclusion", inclusion, other, later, "--key", verifier_key())[0], 1)
        changed = {**self.lines[30], "actor": "bob"}
        self.assertEqual(
            self.ask("--inclusion", inclusion, self.write("changed", json.dumps(changed) + "\n"), later, "--key", verifier_key())[0], 1
        )


if __name__ == "__main__":
    unittest.main()
