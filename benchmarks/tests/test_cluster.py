"""Who leads, and what counts as a change of that."""

import unittest

from lib.cluster import Cluster, HealthLog, NoLeader, node_urls
from lib.http import Client

from tests.model import Model


def said(term, role="leader", leader="http://a", status="ready", known=True):
    return {"status": status, "cluster": {"role": role, "leader": leader, "term": term, "leaderKnown": known}}


class NodesTest(unittest.TestCase):
    def test_nodes_are_a_hundred_ports_apart(self):
        urls = ["http://127.0.0.1:6100", "http://127.0.0.1:6200", "http://127.0.0.1:6300"]
        self.assertEqual(node_urls("http://127.0.0.1:6100/", "cluster"), urls)
        self.assertEqual(node_urls("http://127.0.0.1:6100", "single"), urls[:1])
        self.assertEqual(node_urls("http://[::1]:6100", "cluster")[2], "http://[::1]:6300")
        with self.assertRaises(ValueError):
            node_urls("127.0.0.1:6100", "cluster")

    def test_the_leader_is_found_and_writes_follow_to_it(self):
        with Model() as model:
            cluster = Cluster(model.urls)
            self.assertEqual(cluster.find_leader(5), model.urls[0])
            self.assertEqual(cluster.followers, model.urls[1:])
            client = Client("confman_dev_abc123")
            url = f"{model.urls[2]}/api/v1/namespaces/a/config/k"
            self.assertEqual(client.request_once("PUT", url, b'{"value":"v"}').status, 307)
            answer = client.request("PUT", url, b'{"value":"v"}')
            self.assertEqual((answer.status, answer.json()["value"]), (200, "v"))
            client.close()

    def test_a_node_that_is_down_is_no_cluster(self):
        with Model(2) as model:
            cluster = Cluster([*model.urls, "http://127.0.0.1:1"])
            with self.assertRaises(NoLeader):
                cluster.find_leader(0.1)

    def test_a_node_alone_reads_from_itself(self):
        with Model(1) as model:
            cluster = Cluster(model.urls)
            cluster.find_leader(5)
            self.assertEqual(cluster.followers, model.urls)


class HealthLogTest(unittest.TestCase):
    def setUp(self):
        self.log = HealthLog()

    def test_the_same_leader_is_no_change(self):
        for url, role in (("http://a", "leader"), ("http://b", "follower"), ("http://a", "leader")):
            self.log.heard(0, url, said(3, role))
        self.assertEqual((self.log.leader_changes, self.log.unready, self.log.polls), (0, 0, 3))

    def test_another_leader_is_one_change_however_often_it_is_heard(self):
        self.log.heard(0, "http://a", said(3))
        self.log.heard(1, "http://b", said(4, leader="http://b"))
        self.log.heard(1, "http://c", said(3, "follower"))
        self.log.heard(2, "http://c", said(4, "follower", "http://b"))
        self.assertEqual(self.log.leader_changes, 1)

    def test_a_new_term_of_the_same_leader_is_a_change(self):
        self.log.heard(0, "http://a", said(3))
        self.log.heard(1, "http://a", said(4))
        self.assertEqual(self.log.leader_changes, 1)
        self.assertEqual(self.log.figures()["last"], {"term": 4, "leader": "http://a"})

    def test_a_leader_whose_address_is_heard_of_later_is_no_change(self):
        self.log.heard(0, "http://b", said(3, "follower", None))
        self.log.heard(0, "http://a", said(3))
        self.log.heard(1, "http://b", said(3, "follower", None))
        self.assertEqual(self.log.leader_changes, 0)
        self.log.heard(2, "http://b", said(4, "follower", None))
        self.log.heard(2, "http://c", said(4, "leader", "http://c"))
        self.assertEqual(self.log.leader_changes, 1)

    def test_who_does_not_answer_or_knows_no_leader_is_unready(self):
        self.log.heard(0, "http://a", said(3))
        self.log.heard(1, "http://b", None)
        self.log.heard(2, "http://b", said(3, status="not_ready"))
        self.log.heard(3, "http://b", said(3, known=False))
        self.assertEqual((self.log.unready, self.log.leader_changes), (3, 0))


if __name__ == "__main__":
    unittest.main()
