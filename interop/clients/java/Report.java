import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import org.apache.kafka.common.KafkaFuture;

/**
 * Options, cases, and a report that is the same in every run. Names of topics and groups carry a tag of the run, so that a server may
 * be asked again and again; the tag is taken out of what is printed, and so is the server's own address.
 */
final class Report {
    static final int CASE_SECONDS = 120;
    static final int WAIT_SECONDS = 30;

    interface Body {
        void run(Run run) throws Exception;
    }

    private static final Map<String, Body> CASES = new LinkedHashMap<>();

    static void add(String name, Body body) {
        CASES.put(name, body);
    }

    /** One case's server, names and lines. */
    static final class Run {
        final String name;
        final Options options;
        private final List<String> lines = new ArrayList<>();

        Run(String name, Options options) {
            this.name = name;
            this.options = options;
        }

        /** A topic's or group's name that no other run and no other case has. */
        String name(String suffix) {
            return options.tag + name + suffix;
        }

        void say(Object... words) {
            String line = String.join(" ", Stream.of(words).map(String::valueOf).toList());
            lines.add(line.replace(options.tag, "").replace(options.bootstrap, "BOOTSTRAP"));
        }

        void saySorted(Stream<String> unsorted) {
            unsorted.sorted().forEach(this::say);
        }
    }

    /** What the command line says. */
    static final class Options {
        String bootstrap = "127.0.0.1:9092";
        String[] sasl;
        String ca;
        boolean list;
        final List<String> only = new ArrayList<>();
        final String tag = "r" + Long.toHexString(System.nanoTime() & 0xffffffffL | 0x100000000L) + "-";

        static Options parse(String[] arguments) {
            Options options = new Options();
            for (int n = 0; n < arguments.length; n++) {
                switch (arguments[n]) {
                    case "--bootstrap" -> options.bootstrap = arguments[++n];
                    case "--only" -> options.only.add(arguments[++n]);
                    case "--list" -> options.list = true;
                    case "--sasl" -> options.sasl = arguments[++n].split(":", 3);
                    case "--ca" -> options.ca = arguments[++n];
                    default -> throw new IllegalArgumentException(arguments[n]);
                }
            }
            return options;
        }

        /** How to reach the server. */
        Properties properties() {
            Properties found = new Properties();
            found.put("bootstrap.servers", bootstrap);
            found.put("security.protocol", (sasl == null ? "" : "SASL_") + (ca == null ? "PLAINTEXT" : "SSL"));
            if (sasl != null) {
                String module = sasl[0].equals("PLAIN") ? "plain.PlainLoginModule" : "scram.ScramLoginModule";
                found.put("sasl.mechanism", sasl[0]);
                found.put("sasl.jaas.config", "org.apache.kafka.common.security." + module + " required username=\"" + sasl[1] + "\" password=\"" + sasl[2] + "\";");
            }
            if (ca != null) {
                found.put("ssl.truststore.type", "PEM");
                found.put("ssl.truststore.location", ca);
            }
            return found;
        }
    }

    static void main(String[] arguments) {
        Options options = Options.parse(arguments);
        if (options.list) {
            CASES.keySet().forEach(System.out::println);
            return;
        }
        for (String name : options.only.isEmpty() ? List.copyOf(CASES.keySet()) : options.only) {
            Run run = new Run(name, options);
            Body body = CASES.get(name);
            if (body == null) {
                System.err.println("no case is named " + name);
                System.exit(2);
            }
            long begin = System.nanoTime();
            within(run, body);
            System.err.printf("%s: %.1f s%n", name, (System.nanoTime() - begin) / 1e9);
            System.out.println("case " + name);
            List.copyOf(run.lines).forEach(line -> System.out.println("  " + line));
        }
        // A case that hangs leaves threads behind.
        System.exit(0);
    }

    private static void within(Run run, Body body) {
        var pool = Executors.newSingleThreadExecutor();
        try {
            pool.submit(() -> { body.run(run); return null; }).get(CASE_SECONDS, TimeUnit.SECONDS);
        } catch (TimeoutException late) {
            run.say("error OutOfTime");
        } catch (Exception error) {
            run.say("error", nameOf(error));
            System.err.println(run.name + ": " + error);
        }
        pool.shutdownNow();
    }

    /** The name of an error's class, without what it is wrapped in. */
    static String nameOf(Throwable error) {
        while ((error instanceof ExecutionException || error instanceof CompletionException) && error.getCause() != null) {
            error = error.getCause();
        }
        return error.getClass().getSimpleName();
    }

    interface Action<T> {
        T run() throws Exception;
    }

    /** What an action gave, or the name of its error. */
    static <T> Object attempt(Action<T> action) {
        try {
            T result = action.run();
            return result == null ? "ok" : result;
        } catch (Exception error) {
            return nameOf(error);
        }
    }

    /** A future's value. */
    static <T> T wait(KafkaFuture<T> future) throws Exception {
        return future.get(WAIT_SECONDS, TimeUnit.SECONDS);
    }

    /** What a future came to. */
    static <T> Object outcome(KafkaFuture<T> future) {
        return attempt(() -> wait(future));
    }
}
