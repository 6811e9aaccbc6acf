import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;

/**
 * A producer and a group of two that go on while nodes are killed, and tell line by line what they are told.
 *
 * <p>{@code Main resume --bootstrap HOST:PORT,... --topic TOPIC --partitions N --every-ms MS --heartbeat-ms MS}. Record n is n, in partition n modulo N.
 * A line from standard input ends the producer, the end of it the rest. Times are those of sending, in ms since 1970.
 *
 * <pre>
 * acknowledged SENT PARTITION OFFSET VALUE
 * failed VALUE WHY
 * sent COUNT                                     all of them have been answered
 * read MEMBER SENT PARTITION OFFSET VALUE
 * committed MEMBER SENT
 * refused MEMBER WHY                             a commit
 * assigned MEMBER COUNT
 * </pre>
 */
final class Resume {
    private static final PrintStream OUT = System.out;
    private static final String GROUP = "resume";

    private final Map<String, String> options;
    private final AtomicBoolean ends = new AtomicBoolean();

    private Resume(Map<String, String> options) {
        this.options = options;
    }

    static void main(String[] arguments) throws Exception {
        var options = new java.util.HashMap<String, String>();
        for (int i = 0; i + 1 < arguments.length; i += 2) {
            options.put(arguments[i].substring(2), arguments[i + 1]);
        }
        new Resume(options).run();
    }

    private void run() throws Exception {
        var stops = new AtomicBoolean();
        var threads = List.of(new Thread(() -> produce(stops)), new Thread(() -> consume(0)), new Thread(() -> consume(1)));
        threads.forEach(Thread::start);
        var input = new BufferedReader(new InputStreamReader(System.in));
        stops.set(input.readLine() != null);
        while (input.readLine() != null) {
            // Nothing else is said.
        }
        stops.set(true);
        ends.set(true);
        for (Thread thread : threads) {
            thread.join();
        }
    }

    private static synchronized void tell(Object... words) {
        var line = new StringBuilder();
        for (Object word : words) {
            line.append(line.isEmpty() ? "" : " ").append(word);
        }
        OUT.println(line);
        OUT.flush();
    }

    private Properties properties(String... more) {
        var properties = new Properties();
        properties.put("bootstrap.servers", options.get("bootstrap"));
        for (int i = 0; i < more.length; i += 2) {
            properties.put(more[i], more[i + 1]);
        }
        return properties;
    }

    /** As the client comes: idempotent, and acknowledged by all. */
    private void produce(AtomicBoolean stops) {
        String serializer = "org.apache.kafka.common.serialization.StringSerializer";
        int partitions = Integer.parseInt(options.get("partitions"));
        long every = Long.parseLong(options.get("every-ms"));
        long count = 0;
        try (var producer = new KafkaProducer<String, String>(properties("key.serializer", serializer, "value.serializer", serializer))) {
            for (; !stops.get(); count++) {
                String value = Long.toString(count);
                long now = System.currentTimeMillis();
                var record = new ProducerRecord<String, String>(options.get("topic"), (int) (count % partitions), now, null, value);
                producer.send(record, (told, why) -> {
                    if (why == null) {
                        tell("acknowledged", now, told.partition(), told.offset(), value);
                    } else {
                        tell("failed", value, why);
                    }
                });
                Thread.sleep(every);
            }
        } catch (InterruptedException nobody) {
            throw new IllegalStateException(nobody);
        }
        tell("sent", count);
    }

    private void consume(int member) {
        String deserializer = "org.apache.kafka.common.serialization.StringDeserializer";
        var properties = properties("key.deserializer", deserializer, "value.deserializer", deserializer, "group.id", GROUP, "enable.auto.commit", "false",
            "auto.offset.reset", "earliest", "heartbeat.interval.ms", options.get("heartbeat-ms"));
        try (var consumer = new KafkaConsumer<String, String>(properties)) {
            consumer.subscribe(List.of(options.get("topic")), new ConsumerRebalanceListener() {
                @Override
                public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
                    tell("assigned", member, partitions.size());
                }

                @Override
                public void onPartitionsRevoked(Collection<TopicPartition> partitions) {}
            });
            while (!ends.get()) {
                var records = consumer.poll(Duration.ofMillis(50));
                for (var record : records) {
                    tell("read", member, record.timestamp(), record.partition(), record.offset(), record.value());
                }
                if (!records.isEmpty()) {
                    long now = System.currentTimeMillis();
                    consumer.commitAsync((offsets, why) -> {
                        if (why == null) {
                            tell("committed", member, now);
                        } else {
                            tell("refused", member, why);
                        }
                    });
                }
            }
        }
    }
}
