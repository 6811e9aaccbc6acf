import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.CreateTopicsOptions;
import org.apache.kafka.clients.admin.DescribeClusterOptions;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.common.ElectionType;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicCollection;
import org.apache.kafka.common.TopicPartition;

/** Topics, partitions, records and the cluster by Admin. */
final class Administer {
    private Administer() {}

    static void addCases() {
        Report.add("topics-made-and-removed", Administer::topics);
        Report.add("topics-refused", Administer::refused);
        Report.add("topics-described", Administer::described);
        Report.add("partitions-added", Administer::partitions);
        Report.add("records-deleted", Administer::recordsDeleted);
        Report.add("offsets-listed", Administer::offsetsListed);
        Report.add("cluster", Administer::cluster);
        Report.add("features", Administer::features);
        Report.add("log-directories", Administer::logDirectories);
        Report.add("producers", Administer::producers);
        Report.add("leaders-elected", Administer::leadersElected);
        Report.add("reassignments", Administer::reassignments);
        Report.add("access-control", Administer::accessControl);
        Report.add("quotas-and-credentials", Administer::quotas);
    }

    private static Object create(Admin admin, NewTopic topic) {
        return Report.outcome(admin.createTopics(Set.of(topic)).all());
    }

    private static void topics(Report.Run run) throws Exception {
        try (Admin admin = Clients.admin(run)) {
            var topic = new NewTopic(run.name("-a"), 3, (short) 1).configs(Map.of("retention.ms", "1234"));
            var made = admin.createTopics(Set.of(topic));
            run.say("made", Report.wait(made.numPartitions(run.name("-a"))), Report.wait(made.replicationFactor(run.name("-a"))),
                "with retention.ms", Report.wait(made.config(run.name("-a"))).get("retention.ms").value());
            run.say("made again", create(admin, topic));
            var defaults = admin.createTopics(Set.of(new NewTopic(run.name("-b"), Optional.empty(), Optional.empty())));
            run.say("defaults", Report.wait(defaults.numPartitions(run.name("-b"))), Report.wait(defaults.replicationFactor(run.name("-b"))));
            var checked = new NewTopic(run.name("-c"), 1, (short) 1);
            run.say("only checked", Report.outcome(admin.createTopics(Set.of(checked), new CreateTopicsOptions().validateOnly(true)).all()));
            Thread.sleep(300);
            run.saySorted(Report.wait(admin.listTopics().names()).stream().filter(name -> name.startsWith(run.name("-"))).map(name -> "listed " + name));
            var id = Report.wait(admin.describeTopics(Set.of(run.name("-b"))).allTopicNames()).get(run.name("-b")).topicId();
            run.say("removed by its id", Report.outcome(admin.deleteTopics(TopicCollection.ofTopicIds(Set.of(id))).all()));
            run.say("removed by its id again", Report.outcome(admin.deleteTopics(TopicCollection.ofTopicIds(Set.of(id))).all()));
            run.say("removed", Report.outcome(admin.deleteTopics(Set.of(run.name("-a"))).all()));
            run.say("removed again", Report.outcome(admin.deleteTopics(Set.of(run.name("-a"))).all()));
        }
    }

    private static void refused(Report.Run run) throws Exception {
        Map<String, NewTopic> topics = new TreeMap<>();
        topics.put("no partitions", new NewTopic(run.name(""), 0, (short) 1));
        topics.put("nine replicas", new NewTopic(run.name(""), 1, (short) 9));
        topics.put("a space", new NewTopic(run.name(" x"), 1, (short) 1));
        topics.put("no name", new NewTopic("", 1, (short) 1));
        topics.put("unknown setting", new NewTopic(run.name(""), 1, (short) 1).configs(Map.of("no.such", "1")));
        topics.put("bad value", new NewTopic(run.name(""), 1, (short) 1).configs(Map.of("retention.ms", "many")));
        topics.put("unknown node", new NewTopic(run.name(""), Map.of(0, List.of(99))));
        topics.put("gap in partitions", new NewTopic(run.name(""), Map.of(1, List.of(1))));
        try (Admin admin = Clients.admin(run)) {
            topics.forEach((what, topic) -> run.say(what, create(admin, topic)));
        }
    }

    private static void described(Report.Run run) throws Exception {
        String topic = Clients.makeTopic(run, "", 3);
        try (Admin admin = Clients.admin(run)) {
            int controller = Report.wait(admin.describeCluster().controller()).id();
            var found = Report.wait(admin.describeTopics(Set.of(topic)).allTopicNames()).get(topic);
            run.say(found.name(), "internal", found.isInternal(), "operations", found.authorizedOperations());
            for (var part : found.partitions()) {
                run.say(part.partition(), "leader is the node", part.leader().id() == controller, "replicas", part.replicas().size(),
                    "in sync", part.isr().size(), "eligible", part.elr(), "last known", part.lastKnownElr());
            }
            var byId = Report.wait(admin.describeTopics(TopicCollection.ofTopicIds(Set.of(found.topicId()))).allTopicIds());
            run.say("by its id", byId.get(found.topicId()).name());
            run.say("unknown", Report.outcome(admin.describeTopics(Set.of(run.name("-none"))).allTopicNames()));
            run.say("unknown id", Report.outcome(admin.describeTopics(TopicCollection.ofTopicIds(Set.of(org.apache.kafka.common.Uuid.randomUuid()))).allTopicIds()));
        }
    }

    private static void partitions(Report.Run run) throws Exception {
        String topic = Clients.makeTopic(run, "", 2);
        try (Admin admin = Clients.admin(run)) {
            for (int total : List.of(4, 4, 3, 0, -1)) {
                run.say("to", total, Report.outcome(admin.createPartitions(Map.of(topic, NewPartitions.increaseTo(total))).all()));
            }
            run.say("unknown", Report.outcome(admin.createPartitions(Map.of(run.name("-none"), NewPartitions.increaseTo(4))).all()));
            Thread.sleep(300);
            run.say("now", Report.wait(admin.describeTopics(Set.of(topic)).allTopicNames()).get(topic).partitions().size());
        }
    }

    private static void recordsDeleted(Report.Run run) throws Exception {
        String topic = Clients.makeTopic(run, "", 1);
        Clients.send(run, Clients.numbered(topic, 10));
        var part = new TopicPartition(topic, 0);
        try (Admin admin = Clients.admin(run)) {
            for (long before : List.of(4L, 2L, 11L, -1L)) {
                var done = admin.deleteRecords(Map.of(part, RecordsToDelete.beforeOffset(before))).lowWatermarks().get(part);
                run.say("before", before, Report.attempt(() -> Report.wait(done).lowWatermark()));
            }
        }
    }

    private static void offsetsListed(Report.Run run) throws Exception {
        String topic = Clients.makeTopic(run, "", 1);
        var part = new TopicPartition(topic, 0);
        Map<String, OffsetSpec> specs = new TreeMap<>(Map.of("earliest", OffsetSpec.earliest(), "latest", OffsetSpec.latest(),
            "max timestamp", OffsetSpec.maxTimestamp(), "earliest local", OffsetSpec.earliestLocal(), "latest tiered", OffsetSpec.latestTiered(),
            "timestamp 1004500", OffsetSpec.forTimestamp(1_004_500), "timestamp 9999999", OffsetSpec.forTimestamp(9_999_999),
            "earliest pending upload", OffsetSpec.earliestPendingUpload()));
        try (Admin admin = Clients.admin(run)) {
            for (String state : List.of("empty", "ten")) {
                for (var spec : specs.entrySet()) {
                    run.say(state, spec.getKey(), Report.attempt(() -> {
                        var found = Report.wait(admin.listOffsets(Map.of(part, spec.getValue())).partitionResult(part));
                        return found.offset() + " at " + found.timestamp() + " epoch " + found.leaderEpoch();
                    }));
                }
                Clients.send(run, Clients.numbered(topic, 10));
            }
        }
    }

    private static void cluster(Report.Run run) throws Exception {
        try (Admin admin = Clients.admin(run)) {
            var found = admin.describeCluster(new DescribeClusterOptions().includeAuthorizedOperations(true).includeFencedBrokers(true));
            var nodes = Report.wait(found.nodes());
            run.say("nodes", nodes.stream().map(node -> node.host() + ":" + node.port() + " rack " + node.rack() + " fenced " + node.isFenced()).toList());
            int controller = Report.wait(found.controller()).id();
            run.say("controller among them", nodes.stream().anyMatch(node -> node.id() == controller));
            run.say("operations", Report.wait(found.authorizedOperations()).stream().map(Enum::name).sorted().toList());
        }
    }

    private static void features(Report.Run run) throws Exception {
        try (Admin admin = Clients.admin(run)) {
            var found = Report.wait(admin.describeFeatures().featureMetadata());
            run.saySorted(found.supportedFeatures().entrySet().stream().map(entry -> "supported " + entry));
            run.saySorted(found.finalizedFeatures().entrySet().stream().map(entry -> "finalized " + entry));
        }
    }

    private static void logDirectories(Report.Run run) throws Exception {
        String topic = Clients.makeTopic(run, "", 2);
        Clients.send(run, Clients.numbered(topic, 10));
        try (Admin admin = Clients.admin(run)) {
            int node = Report.wait(admin.describeCluster().controller()).id();
            for (var directory : Report.wait(admin.describeLogDirs(Set.of(node)).allDescriptions()).get(node).values()) {
                run.say("error", directory.error(), "total known", directory.totalBytes().isPresent(), "usable known", directory.usableBytes().isPresent());
                run.saySorted(directory.replicaInfos().entrySet().stream().filter(entry -> entry.getKey().topic().equals(topic))
                    .map(entry -> entry.getKey() + " holds records " + (entry.getValue().size() > 0) + " lag " + entry.getValue().offsetLag() + " future " + entry.getValue().isFuture()));
            }
        }
    }

    private static void producers(Report.Run run) throws Exception {
        String topic = Clients.makeTopic(run, "", 1);
        Clients.send(run, Clients.numbered(topic, 3));
        var part = new TopicPartition(topic, 0);
        try (Admin admin = Clients.admin(run)) {
            for (var state : Report.wait(admin.describeProducers(Set.of(part)).partitionResult(part)).activeProducers()) {
                run.say("epoch", state.producerEpoch(), "last sequence", state.lastSequence(), "open transaction", state.currentTransactionStartOffset());
            }
            var nowhere = new TopicPartition(run.name("-none"), 0);
            run.say("unknown", Report.outcome(admin.describeProducers(Set.of(nowhere), new org.apache.kafka.clients.admin.DescribeProducersOptions().timeoutMs(3000)).partitionResult(nowhere)));
            var listed = Report.wait(admin.listTransactions().all()).stream().filter(item -> item.transactionalId().startsWith(run.name(""))).count();
            run.say("transactions", listed);
        }
    }

    private static void leadersElected(Report.Run run) throws Exception {
        var part = new TopicPartition(Clients.makeTopic(run, "", 1), 0);
        var nowhere = new TopicPartition(run.name("-none"), 0);
        try (Admin admin = Clients.admin(run)) {
            for (ElectionType type : ElectionType.values()) {
                var found = new HashMap<>(Report.wait(admin.electLeaders(type, Set.of(part, nowhere)).partitions()));
                run.saySorted(found.entrySet().stream().map(entry -> type + " " + entry.getKey() + " " + entry.getValue().map(Report::nameOf).orElse("ok")));
            }
        }
    }

    private static void reassignments(Report.Run run) throws Exception {
        var part = new TopicPartition(Clients.makeTopic(run, "", 1), 0);
        try (Admin admin = Clients.admin(run)) {
            run.say("under way", Report.outcome(admin.listPartitionReassignments(Set.of(part)).reassignments()));
            run.say("none to cancel", Report.outcome(admin.alterPartitionReassignments(Map.of(part, Optional.empty())).all()));
            var elsewhere = new org.apache.kafka.clients.admin.NewPartitionReassignment(List.of(99));
            run.say("unknown node", Report.outcome(admin.alterPartitionReassignments(Map.of(part, Optional.of(elsewhere))).all()));
        }
    }

    private static void accessControl(Report.Run run) throws Exception {
        try (Admin admin = Clients.admin(run)) {
            run.say("described", Report.outcome(admin.describeAcls(org.apache.kafka.common.acl.AclBindingFilter.ANY).values()));
            run.say("tokens", Report.outcome(admin.describeDelegationToken().delegationTokens()));
        }
    }

    private static void quotas(Report.Run run) throws Exception {
        try (Admin admin = Clients.admin(run)) {
            run.say("quotas", Report.outcome((KafkaFuture<?>) admin.describeClientQuotas(org.apache.kafka.common.quota.ClientQuotaFilter.all()).entities()));
            run.say("credentials of nobody", Report.outcome(admin.describeUserScramCredentials(List.of(run.name(""))).all()));
        }
    }
}
