import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.StreamSupport;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.internals.RecordHeader;

/** What a producer may send, and what it is told. The Java producer is idempotent unless it is told otherwise. */
final class Produce {
    private Produce() {}

    static void addCases() {
        Report.add("codecs", Produce::codecs);
        Report.add("acknowledgements", Produce::acknowledgements);
        Report.add("many-partitions", Produce::manyPartitions);
        Report.add("fields-of-a-record", Produce::fields);
        Report.add("append-time", Produce::appendTime);
        Report.add("large-records", Produce::large);
        Report.add("refused-by-a-compacted-topic", Produce::refusedByACompactedTopic);
        Report.add("refused-records", Produce::refused);
        Report.add("made-by-a-producer", Produce::madeByAProducer);
        Report.add("transactions", Produce::transactions);
    }

    private static Object shown(Object result) {
        return result instanceof RecordMetadata told ? told.partition() + "@" + told.offset() : result;
    }

    private static void codecs(Report.Run run) throws Exception {
        for (String codec : List.of("none", "gzip", "snappy", "lz4", "zstd")) {
            String topic = Clients.makeTopic(run, "-" + codec, 1);
            var sent = Clients.send(run, Clients.numbered(topic, 500), "compression.type", codec, "linger.ms", "20");
            var found = Clients.read(run, topic, 500);
            run.say(codec, shown(sent.get(0)), shown(sent.get(499)), "read", found.size(), found.get(499).value());
        }
    }

    private static void acknowledgements(Report.Run run) throws Exception {
        for (String acks : List.of("0", "1", "all")) {
            String topic = Clients.makeTopic(run, "-" + acks, 1);
            var sent = Clients.send(run, Clients.numbered(topic, 3), "acks", acks, "enable.idempotence", acks.equals("all") + "");
            run.say("acks", acks, sent.stream().map(Produce::shown).toList(), "read", Clients.read(run, topic, 3).size());
        }
    }

    private static void manyPartitions(Report.Run run) throws Exception {
        String topic = Clients.makeTopic(run, "", 8);
        List<ProducerRecord<String, String>> records = new ArrayList<>();
        for (int n = 0; n < 1000; n++) {
            records.add(new ProducerRecord<>(topic, "key " + n, "" + n));
        }
        var sent = Clients.send(run, records);
        for (int partition = 0; partition < 8; partition++) {
            int wanted = partition;
            var offsets = sent.stream().map(RecordMetadata.class::cast).filter(told -> told.partition() == wanted).map(RecordMetadata::offset).toList();
            boolean inOrder = offsets.equals(java.util.stream.LongStream.range(0, offsets.size()).boxed().toList());
            run.say(partition, offsets.size(), "in order", inOrder);
        }
    }

    private static void fields(Report.Run run) throws Exception {
        String topic = Clients.makeTopic(run, "", 1);
        var headers = new ProducerRecord<>(topic, 0, 7L, "headers", "v", List.of(header("a", "1"), header("a", ""), new RecordHeader("n", null)));
        Clients.send(run, List.of(
            new ProducerRecord<>(topic, 0, 5L, null, "no key"),
            new ProducerRecord<>(topic, 0, 6L, "no value", null, List.of()),
            new ProducerRecord<>(topic, 0, 6L, "", ""),
            headers));
        for (var record : Clients.read(run, topic, 4)) {
            var names = StreamSupport.stream(record.headers().spliterator(), false)
                .map(h -> h.key() + "=" + (h.value() == null ? null : new String(h.value(), StandardCharsets.UTF_8))).toList();
            run.say(record.offset(), record.key(), record.value(), record.timestamp(), record.timestampType(), names,
                record.serializedKeySize(), record.serializedValueSize(), record.leaderEpoch());
        }
    }

    private static RecordHeader header(String name, String value) {
        return new RecordHeader(name, value.getBytes(StandardCharsets.UTF_8));
    }

    private static void appendTime(Report.Run run) throws Exception {
        String topic = Clients.makeTopic(run, "", 1, "message.timestamp.type", "LogAppendTime");
        long begin = System.currentTimeMillis();
        var told = (RecordMetadata) Clients.send(run, Clients.numbered(topic, 2)).get(1);
        run.say("told", told.timestamp() >= begin);
        for (var record : Clients.read(run, topic, 2)) {
            run.say("read", record.timestampType(), record.timestamp() >= begin);
        }
    }

    private static void large(Report.Run run) throws Exception {
        String topic = Clients.makeTopic(run, "", 1);
        for (int size : List.of(1_000_000, 1_048_516, 1_048_517, 3_000_000)) {
            var record = new ProducerRecord<String, String>(topic, "x".repeat(size));
            run.say(size, shown(Clients.send(run, List.of(record), "max.request.size", "8000000").get(0)));
        }
        run.say("read", Clients.read(run, topic, 2).stream().map(record -> record.value().length()).toList());
        // One batch that is too large is cut in two until its records fit.
        String small = Clients.makeTopic(run, "-small", 1, "max.message.bytes", "2000");
        var sent = Clients.send(run, Clients.numbered(small, 500), "batch.size", "100000", "linger.ms", "200");
        run.say("cut", shown(sent.get(0)), shown(sent.get(499)), "read", Clients.read(run, small, 500).size());
    }

    private static void refusedByACompactedTopic(Report.Run run) throws Exception {
        String topic = Clients.makeTopic(run, "", 1, "cleanup.policy", "compact");
        run.say("no key", shown(Clients.send(run, List.of(new ProducerRecord<>(topic, "x"))).get(0)));
        run.say("a key", shown(Clients.send(run, List.of(new ProducerRecord<>(topic, "k", "x"))).get(0)));
    }

    private static void refused(Report.Run run) throws Exception {
        String plain = Clients.makeTopic(run, "-plain", 1);
        long now = System.currentTimeMillis();
        run.say("two hours ahead", shown(Clients.send(run, List.of(new ProducerRecord<>(plain, 0, now + 7_200_000, "k", "x"))).get(0)));
        run.say("partition 9", shown(Clients.send(run, List.of(new ProducerRecord<>(plain, 9, "k", "x")), "max.block.ms", "2000").get(0)));
        for (String name : List.of("bad name", "..", "a".repeat(250))) {
            run.say(name.substring(0, Math.min(20, name.length())), Report.attempt(() -> shown(Clients.send(run, List.of(new ProducerRecord<>(name, "x")), "max.block.ms", "2000").get(0))));
        }
    }

    private static void madeByAProducer(Report.Run run) throws Exception {
        String topic = run.name("");
        run.say(shown(Clients.send(run, List.of(new ProducerRecord<>(topic, 0, "k", "v"))).get(0)));
        try (var admin = Clients.admin(run)) {
            run.say("partitions", Report.wait(admin.describeTopics(Set.of(topic)).allTopicNames()).get(topic).partitions().size());
        }
    }

    private static void transactions(Report.Run run) throws Exception {
        String topic = Clients.makeTopic(run, "", 1);
        try (var producer = Clients.producer(run, "transactional.id", run.name("-id"))) {
            producer.initTransactions();
            for (String end : List.of("committed", "aborted", "committed")) {
                producer.beginTransaction();
                producer.send(new ProducerRecord<>(topic, 0, "k", end));
                producer.flush();
                if (end.equals("committed")) {
                    producer.commitTransaction();
                } else {
                    producer.abortTransaction();
                }
            }
            var zombie = Clients.producer(run, "transactional.id", run.name("-id"));
            zombie.initTransactions();
            zombie.close();
            run.say("the former owner", Report.attempt(() -> {
                producer.beginTransaction();
                producer.send(new ProducerRecord<>(topic, 0, "k", "late"));
                producer.commitTransaction();
                return null;
            }));
        }
        for (String isolation : List.of("read_uncommitted", "read_committed")) {
            int wanted = isolation.equals("read_committed") ? 2 : 3;
            var found = Clients.read(run, topic, wanted, "isolation.level", isolation);
            run.say(isolation, found.stream().map(record -> record.offset() + "=" + record.value()).toList());
        }
        try (var consumer = Clients.consumer(run)) {
            run.say("end", consumer.endOffsets(Set.of(new TopicPartition(topic, 0))).values());
        }
    }
}
