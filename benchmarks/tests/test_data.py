"""Data that can be told apart, and a ledger that finds what is wrong."""

import unittest

from lib.data import PAYLOADS, TIERS, VALUE_BYTES_MAX, Ledger, Values, bytes_of, size_label


class DataTest(unittest.TestCase):
    def test_tiers_are_those_of_the_reference(self):
        sizes = {name: (tier.entries, tier.namespaces) for name, tier in TIERS.items()}
        self.assertEqual(sizes, {"small": (1_000, 10), "large": (10_000, 50), "xlarge": (100_000, 100)})
        self.assertEqual(TIERS["small"].namespace(1), "bench-small-001")
        self.assertEqual(len(set(TIERS["xlarge"].namespace_names)), 100)

    def test_payloads_are_those_of_the_reference(self):
        self.assertEqual(PAYLOADS, {"10B": 10, "1KB": 1024, "100KB": 102_400, "1MB": 1_048_576})
        for label, size in PAYLOADS.items():
            self.assertEqual((bytes_of(label), size_label(size)), (size, label))
        for wrong in ("1", "9B", "9MB", "KB", "-1KB", "1GB", "1.5KB"):
            with self.assertRaises(ValueError, msg=wrong):
                bytes_of(wrong)

    def test_values_have_their_size_and_no_two_are_equal(self):
        values = Values(7)
        for size in (10, 11, 1024, VALUE_BYTES_MAX):
            self.assertEqual(len(values.value(12_345, size)), size)
        self.assertEqual(len({values.value(serial, 10) for serial in range(50_000)}), 50_000)
        self.assertEqual(len({values.key(serial) for serial in range(50_000)}), 50_000)
        self.assertRegex(values.key(1), r"^key-[0-9a-f]{12}$")

    def test_the_seed_says_everything(self):
        self.assertEqual(Values(3).value(9, 500), Values(3).value(9, 500))
        self.assertNotEqual(Values(3).value(9, 500), Values(4).value(9, 500))
        self.assertNotEqual(Values(3).key(9), Values(4).key(9))

    def test_a_body_is_json_as_it_is(self):
        import json

        values = Values(1)
        self.assertEqual(json.loads(values.body(5, 2_000)), {"value": values.value(5, 2_000).decode()})


class LedgerTest(unittest.TestCase):
    def setUp(self):
        self.values = Values(11)
        self.ledger = Ledger(self.values)
        self.key = self.ledger.new_key("bench-small-001", 40)

    def write(self, is_acknowledged=True):
        serial = self.ledger.next_serial()
        self.ledger.is_doubtful(self.key, serial)
        if is_acknowledged:
            self.key.doubts -= 1
            self.ledger.was_acknowledged(self.key, serial)
        return serial

    def judge(self, serial, version):
        entry = {"value": self.values.value(serial, 40).decode(), "version": version}
        verdict = self.ledger.judge(self.key, entry)
        return verdict.verified, verdict.lost

    def test_what_is_there_is_verified(self):
        self.write()
        last = self.write()
        self.assertEqual(self.judge(last, 2), (2, 0))
        self.assertEqual(self.ledger.acknowledged, 2)
        self.assertEqual(self.ledger.doubtful, 0)

    def test_what_is_gone_is_lost(self):
        self.write()
        self.write()
        verdict = self.ledger.judge(self.key, None)
        self.assertEqual((verdict.verified, verdict.lost), (0, 2))

    def test_an_earlier_value_is_a_loss(self):
        first = self.write()
        self.write()
        self.assertEqual(self.judge(first, 2)[1], 2)

    def test_a_version_too_few_is_a_loss(self):
        self.write()
        last = self.write()
        self.assertEqual(self.judge(last, 1), (1, 1))

    def test_a_version_too_many_is_told(self):
        last = self.write()
        entry = {"value": self.values.value(last, 40).decode(), "version": 2}
        self.assertIn("only 1 writes", self.ledger.judge(self.key, entry).reason)

    def test_a_write_in_doubt_may_be_there_or_not(self):
        first = self.write()
        doubtful = self.write(is_acknowledged=False)
        self.assertEqual(self.judge(first, 1), (1, 0))
        self.assertEqual(self.judge(doubtful, 2), (1, 0))
        self.assertEqual(self.judge(first, 2), (1, 0), "it was taken, and written over by nobody: only its version shows")
        self.assertEqual(self.ledger.doubtful, 1)

    def test_a_changed_byte_is_a_loss(self):
        last = self.write()
        value = self.values.value(last, 40).decode()
        changed = value[:20] + ("x" if value[20] != "x" else "y") + value[21:]
        self.assertEqual(self.ledger.judge(self.key, {"value": changed, "version": 1}).lost, 1)

    def test_an_entry_without_a_version_is_a_loss(self):
        last = self.write()
        self.assertEqual(self.ledger.judge(self.key, {"value": self.values.value(last, 40).decode()}).lost, 1)


if __name__ == "__main__":
    unittest.main()
