import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;

/** Where a consumer reads from, and groups of consumers by the classic and by the new protocol. */
final class Consume {
    private Consume() {}

    static void addCases() {
        Report.add("offsets-for-times", Consume::offsetsForTimes);
        Report.add("seek-and-position", Consume::seek);
        Report.add("out-of-range", Consume::outOfRange);
        Report.add("small-fetches", Consume::smallFetches);
        Report.add("partitions-seen", Consume::partitionsSeen);
        Report.add("made-by-a-consumer", Consume::madeByAConsumer);
        Report.add("committed-offsets", Consume::committed);
        Report.add("two-members-classic", run -> twoMembers(run, "group.protocol", "classic"));
        Report.add("two-members-cooperative", run -> twoMembers(run, "partition.assignment.strategy", "org.apache.kafka.clients.consumer.CooperativeStickyAssignor"));
        Report.add("two-members-new-protocol", run -> twoMembers(run, "group.protocol", "consumer"));
        Report.add("subscribed-by-a-pattern", Consume::pattern);
        Report.add("static-members", Consume::staticMembers);
        Report.add("fenced-commits", Consume::fencedCommits);
    }

    private static void offsetsForTimes(Report.Run run) throws Exception {
        for (String codec : List.of("none", "lz4")) {
            String topic = Clients.makeTopic(run, "-" + codec, 1);
            Clients.send(run, Clients.numbered(topic, 10), "compression.type", codec);
            var part = new TopicPartition(topic, 0);
            try (var consumer = Clients.consumer(run)) {
                run.say(codec, "from", consumer.beginningOffsets(Set.of(part)).values(), "to", consumer.endOffsets(Set.of(part)).values());
                for (long timestamp : List.of(0L, 1_004_000L, 1_004_001L, 1_009_001L)) {
                    run.say(codec, timestamp, consumer.offsetsForTimes(Map.of(part, timestamp)).get(part));
                }
            }
        }
    }

    private static void seek(Report.Run run) throws Exception {
        String topic = Clients.makeTopic(run, "", 1);
        Clients.send(run, Clients.numbered(topic, 10));
        var part = new TopicPartition(topic, 0);
        try (var consumer = Clients.consumer(run)) {
            consumer.assign(Set.of(part));
            for (long offset : List.of(7L, 0L, 9L)) {
                consumer.seek(part, offset);
                int wanted = (int) (10 - offset);
                run.say("from", offset, Clients.offsets(Clients.take(consumer, wanted)), "position", consumer.position(part));
            }
            run.say("lag", consumer.currentLag(part));
        }
    }

    private static void outOfRange(Report.Run run) throws Exception {
        String topic = Clients.makeTopic(run, "", 1);
        Clients.send(run, Clients.numbered(topic, 5));
        var part = new TopicPartition(topic, 0);
        for (String reset : List.of("earliest", "latest", "none")) {
            try (var consumer = Clients.consumer(run, "auto.offset.reset", reset)) {
                consumer.assign(Set.of(part));
                consumer.seek(part, 99);
                run.say(reset, Report.attempt(() -> {
                    consumer.poll(Duration.ofSeconds(2));
                    return consumer.position(part);
                }));
            }
        }
    }

    private static void smallFetches(Report.Run run) throws Exception {
        String topic = Clients.makeTopic(run, "", 1);
        for (int n = 0; n < 5; n++) {
            Clients.send(run, List.of(new ProducerRecord<>(topic, "x".repeat(50_000))));
        }
        var found = Clients.read(run, topic, 5, "fetch.max.bytes", "1000", "max.partition.fetch.bytes", "1000");
        run.say(found.stream().map(record -> record.value().length()).toList());
    }

    private static void partitionsSeen(Report.Run run) throws Exception {
        String topic = Clients.makeTopic(run, "", 3);
        try (var consumer = Clients.consumer(run, "allow.auto.create.topics", "false")) {
            run.say("known", consumer.partitionsFor(topic).size(), "listed", consumer.listTopics().containsKey(topic));
            run.say("unknown", Report.attempt(() -> consumer.partitionsFor(run.name("-none")).size()));
        }
    }

    private static void madeByAConsumer(Report.Run run) throws Exception {
        try (var consumer = Clients.consumer(run, "group.id", run.name("-group"), "metadata.max.age.ms", "500")) {
            consumer.subscribe(List.of(run.name("")));
            run.say("assigned", Clients.assigned(List.of(consumer), List.of(1)));
        }
    }

    private static void committed(Report.Run run) throws Exception {
        String topic = Clients.makeTopic(run, "", 3);
        var parts = List.of(new TopicPartition(topic, 0), new TopicPartition(topic, 1), new TopicPartition(topic, 2));
        try (var consumer = Clients.consumer(run, "group.id", run.name("-group"))) {
            consumer.assign(parts);
            consumer.commitSync(Map.of(parts.get(0), new OffsetAndMetadata(7, "a note"), parts.get(1), new OffsetAndMetadata(0, java.util.Optional.of(5), "")));
            var found = consumer.committed(Set.copyOf(parts));
            parts.forEach(part -> run.say(part.partition(), found.get(part)));
            run.say("long note", Report.attempt(() -> {
                consumer.commitSync(Map.of(parts.get(0), new OffsetAndMetadata(1, "x".repeat(5000))));
                return null;
            }));
        }
    }

    private static void twoMembers(Report.Run run, String name, String value) throws Exception {
        String topic = Clients.makeTopic(run, "", 4);
        String[] more = {"group.id", run.name("-group"), name, value};
        try (var first = Clients.consumer(run, more)) {
            first.subscribe(List.of(topic));
            run.say("one member", Clients.assigned(List.of(first), List.of(4)));
            try (var second = Clients.consumer(run, more)) {
                second.subscribe(List.of(topic));
                run.say("two members", Clients.assigned(List.of(first, second), List.of(2, 2)));
                var all = new java.util.HashSet<>(first.assignment());
                all.addAll(second.assignment());
                run.say("between them", all.size());
            }
            run.say("one left", Clients.assigned(List.of(first), List.of(4)));
        }
    }

    private static void pattern(Report.Run run) throws Exception {
        Clients.makeTopic(run, "-a", 1);
        Clients.makeTopic(run, "-b", 2);
        try (var consumer = Clients.consumer(run, "group.id", run.name("-group"), "metadata.max.age.ms", "500")) {
            consumer.subscribe(java.util.regex.Pattern.compile(java.util.regex.Pattern.quote(run.name("-")) + "[a-z]"));
            run.say("two topics", Clients.assigned(List.of(consumer), List.of(3)));
            Clients.makeTopic(run, "-c", 4);
            run.say("three topics", Clients.assigned(List.of(consumer), List.of(7)));
        }
    }

    private static void staticMembers(Report.Run run) throws Exception {
        String topic = Clients.makeTopic(run, "", 4);
        String[] one = {"group.id", run.name("-group"), "group.instance.id", "one"};
        String[] two = {"group.id", run.name("-group"), "group.instance.id", "two"};
        try (var first = Clients.consumer(run, one)) {
            first.subscribe(List.of(topic));
            Set<TopicPartition> before;
            try (var second = Clients.consumer(run, two)) {
                second.subscribe(List.of(topic));
                run.say("two members", Clients.assigned(List.of(first, second), List.of(2, 2)));
                before = second.assignment();
            }
            try (var second = Clients.consumer(run, two)) {
                second.subscribe(List.of(topic));
                run.say("back", Clients.assigned(List.of(first, second), List.of(2, 2)), second.assignment().equals(before));
            }
            try (var admin = Clients.admin(run)) {
                var group = Report.wait(admin.describeConsumerGroups(Set.of(run.name("-group"))).all()).get(run.name("-group"));
                run.say(group.groupState(), group.members().stream().map(member -> member.groupInstanceId().orElse("")).sorted().toList());
            }
        }
    }

    private static void fencedCommits(Report.Run run) throws Exception {
        String topic = Clients.makeTopic(run, "", 1);
        String group = run.name("-group");
        var part = Map.of(new TopicPartition(topic, 0), new OffsetAndMetadata(1));
        try (var member = Clients.consumer(run, "group.id", group); var stranger = Clients.consumer(run, "group.id", group)) {
            member.subscribe(List.of(topic));
            run.say("joined", Clients.assigned(List.of(member), List.of(1)));
            stranger.assign(part.keySet());
            run.say("a stranger", Report.attempt(() -> { stranger.commitSync(part, Duration.ofSeconds(5)); return null; }));
            run.say("the member", Report.attempt(() -> { member.commitSync(part, Duration.ofSeconds(5)); return null; }));
        }
    }
}
