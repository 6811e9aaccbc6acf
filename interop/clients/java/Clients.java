import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/** Producers, consumers and an administrator, and the few steps that most cases take. */
final class Clients {
    private Clients() {}

    static Admin admin(Report.Run run) {
        return Admin.create(run.options.properties());
    }

    static KafkaProducer<String, String> producer(Report.Run run, String... more) {
        return new KafkaProducer<>(with(run.options.properties(), more), new StringSerializer(), new StringSerializer());
    }

    static KafkaConsumer<String, String> consumer(Report.Run run, String... more) {
        Properties found = run.options.properties();
        found.put("enable.auto.commit", "false");
        found.put("auto.offset.reset", "earliest");
        return new KafkaConsumer<>(with(found, more), new StringDeserializer(), new StringDeserializer());
    }

    private static Properties with(Properties found, String... more) {
        for (int n = 0; n < more.length; n += 2) {
            found.put(more[n], more[n + 1]);
        }
        return found;
    }

    /**
     * Makes a topic and waits until it is known; `configs` are names and values in turn. It keeps records of any age, since many here
     * bear a time long past, unless `configs` say how long; an empty value is the server's own.
     */
    static String makeTopic(Report.Run run, String suffix, int partitions, String... configs) throws Exception {
        String name = run.name(suffix);
        Map<String, String> settings = new java.util.TreeMap<>(Map.of("retention.ms", "-1"));
        for (int n = 0; n < configs.length; n += 2) {
            settings.put(configs[n], configs[n + 1]);
        }
        settings.values().removeIf(String::isEmpty);
        try (Admin admin = admin(run)) {
            var topic = new NewTopic(name, Optional.of(partitions), Optional.empty()).configs(settings);
            Report.wait(admin.createTopics(Set.of(topic)).all());
            for (int attempt = 0; attempt < 100; attempt++) {
                Object found = Report.attempt(() -> Report.wait(admin.describeTopics(Set.of(name)).allTopicNames()).get(name).partitions().size());
                if (found.equals(partitions)) {
                    return name;
                }
                Thread.sleep(50);
            }
        }
        throw new IllegalStateException(name);
    }

    /** Produces records and gives what became of each. */
    static List<Object> send(Report.Run run, List<ProducerRecord<String, String>> records, String... more) {
        try (var producer = producer(run, more)) {
            List<Future<RecordMetadata>> futures = new ArrayList<>();
            for (var record : records) {
                futures.add(producer.send(record));
            }
            producer.flush();
            List<Object> results = new ArrayList<>();
            for (var future : futures) {
                results.add(Report.attempt(() -> future.get(Report.WAIT_SECONDS, TimeUnit.SECONDS)));
            }
            return results;
        }
    }

    /** Records 0 to count - 1, a second apart. */
    static List<ProducerRecord<String, String>> numbered(String topic, int count) {
        List<ProducerRecord<String, String>> records = new ArrayList<>();
        for (int n = 0; n < count; n++) {
            records.add(new ProducerRecord<>(topic, 0, 1_000_000L + 1000L * n, null, "value " + n));
        }
        return records;
    }

    /** The next `count` records, or those that came in time. */
    static List<ConsumerRecord<String, String>> take(KafkaConsumer<String, String> consumer, int count) {
        List<ConsumerRecord<String, String>> found = new ArrayList<>();
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(Report.WAIT_SECONDS);
        while (found.size() < count && System.nanoTime() < end) {
            consumer.poll(Duration.ofMillis(200)).forEach(found::add);
        }
        return found;
    }

    /** The first `count` records of partition 0. */
    static List<ConsumerRecord<String, String>> read(Report.Run run, String topic, int count, String... more) {
        try (var consumer = consumer(run, more)) {
            var part = new TopicPartition(topic, 0);
            consumer.assign(Set.of(part));
            consumer.seekToBeginning(Set.of(part));
            return take(consumer, count);
        }
    }

    static List<Long> offsets(List<ConsumerRecord<String, String>> records) {
        return records.stream().map(ConsumerRecord::offset).toList();
    }

    /** Polls consumers until their assignments' sizes, sorted, are `wanted`; gives the sizes at the end. */
    static List<Integer> assigned(List<KafkaConsumer<String, String>> consumers, List<Integer> wanted) {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(Report.WAIT_SECONDS);
        List<Integer> sizes = List.of();
        while (!sizes.equals(wanted) && System.nanoTime() < end) {
            consumers.forEach(consumer -> consumer.poll(Duration.ofMillis(50)));
            sizes = consumers.stream().map(consumer -> consumer.assignment().size()).sorted().toList();
        }
        return sizes;
    }
}
