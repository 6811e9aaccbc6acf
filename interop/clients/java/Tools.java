import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Kafka's command line tools, each as its own process, with what differs from run to run taken out of their output. */
final class Tools {
    private static final String PACKAGE = "org.apache.kafka.tools.";
    private static final Pattern ID = Pattern.compile("(TopicId: )[A-Za-z0-9_-]{22}");
    private static final Pattern MEMBER = Pattern.compile("(member|console-consumer|consumer-[^ ]*?)-[0-9a-f-]{36}");
    private static final int TOOL_SECONDS = 60;

    private Tools() {}

    static void addCases() {
        Report.add("topic-command", Tools::topics);
        Report.add("console-producer-and-consumer", Tools::console);
        Report.add("consumer-group-command", Tools::groups);
        Report.add("config-command", Tools::configs);
        Report.add("get-offsets-and-delete-records", Tools::offsets);
        Report.add("performance", Tools::performance);
    }

    /** Runs a tool and says what it printed, line by line. */
    private static void tool(Report.Run run, String input, String name, String... arguments) throws Exception {
        List<String> lines = output(run, input, name, arguments);
        String shown = name.substring(name.lastIndexOf('.') + 1) + " " + String.join(" ", arguments).replaceAll("/[^ ]*/", "");
        run.say("$", shown);
        lines.forEach(line -> run.say(normal(line)));
    }

    private static List<String> output(Report.Run run, String input, String name, String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of(ProcessHandle.current().info().command().orElse("java"), "-Xmx256m", "-XX:TieredStopAtLevel=1",
            "-cp", System.getProperty("java.class.path"), name.contains(".") && name.startsWith("kafka") ? name : PACKAGE + name));
        command.addAll(List.of(arguments));
        Path out = Files.createTempFile("kafka-tool", ".out");
        Path in = Files.writeString(Files.createTempFile("kafka-tool", ".in"), input);
        try {
            Process process = new ProcessBuilder(command).redirectInput(in.toFile()).redirectOutput(out.toFile())
                .redirectError(ProcessBuilder.Redirect.INHERIT).start();
            if (!process.waitFor(TOOL_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                return List.of("OutOfTime");
            }
            List<String> lines = new ArrayList<>(Files.readAllLines(out, StandardCharsets.UTF_8));
            if (process.exitValue() != 0) {
                lines.add("exit " + process.exitValue());
            }
            return lines;
        } finally {
            Files.delete(out);
            Files.delete(in);
        }
    }

    /** A line without ids, stack traces, times and the spaces that follow from the length of a name. */
    private static String normal(String line) {
        String found = ID.matcher(line).replaceAll("$1ID");
        found = MEMBER.matcher(found).replaceAll("$1-ID");
        found = found.replaceAll("(Leader|Replicas|Isr): [0-9]+", "$1: NODE").replaceAll("broker [0-9]+", "broker NODE");
        found = found.replaceAll("(:[0-9]+ +)\\([0-9]+\\)", "$1(NODE)");
        found = found.replaceAll("^\\[\\d{4}-[^\\]]*\\]", "[TIME]");
        return found.replaceAll("[ \\t]+", " ").strip();
    }

    private static void topics(Report.Run run) throws Exception {
        String[] server = {"--bootstrap-server", run.options.bootstrap, "--topic", run.name("")};
        tool(run, "", "TopicCommand", with(server, "--create", "--partitions", "2", "--config", "retention.ms=5000"));
        tool(run, "", "TopicCommand", with(server, "--create", "--if-not-exists"));
        tool(run, "", "TopicCommand", with(server, "--describe"));
        tool(run, "", "TopicCommand", with(server, "--alter", "--partitions", "4"));
        tool(run, "", "TopicCommand", with(server, "--list"));
        tool(run, "", "TopicCommand", with(server, "--describe"));
        tool(run, "", "TopicCommand", with(server, "--delete"));
        tool(run, "", "TopicCommand", with(server, "--list"));
    }

    private static String[] with(String[] first, String... more) {
        List<String> all = new ArrayList<>(List.of(first));
        all.addAll(List.of(more));
        return all.toArray(String[]::new);
    }

    private static void console(Report.Run run) throws Exception {
        String[] server = {"--bootstrap-server", run.options.bootstrap, "--topic", Clients.makeTopic(run, "", 1)};
        String input = IntStream.range(0, 5).mapToObj(n -> "h:" + n + "\tkey " + n + "\tvalue " + n + "\n").collect(Collectors.joining());
        tool(run, input, "ConsoleProducer", with(server, "--reader-property", "parse.key=true", "--reader-property", "parse.headers=true", "--compression-codec", "gzip"));
        tool(run, "", "consumer.ConsoleConsumer", with(server, "--from-beginning", "--max-messages", "5", "--timeout-ms", "15000",
            "--formatter-property", "print.key=true", "--formatter-property", "print.headers=true", "--formatter-property", "print.offset=true",
            "--formatter-property", "print.partition=true"));
        tool(run, "", "consumer.ConsoleConsumer", with(server, "--partition", "0", "--offset", "3", "--max-messages", "2", "--timeout-ms", "15000"));
    }

    private static void groups(Report.Run run) throws Exception {
        String topic = Clients.makeTopic(run, "", 2);
        Clients.send(run, Clients.numbered(topic, 10));
        String[] read = {"--bootstrap-server", run.options.bootstrap, "--topic", topic, "--group", run.name("-group"), "--from-beginning", "--max-messages", "10", "--timeout-ms", "15000"};
        run.say("read", output(run, "", "consumer.ConsoleConsumer", read).size());
        String[] group = {"--bootstrap-server", run.options.bootstrap, "--group", run.name("-group")};
        String command = "consumer.group.ConsumerGroupCommand";
        tool(run, "", command, with(group, "--describe"));
        tool(run, "", command, with(group, "--describe", "--state"));
        tool(run, "", command, with(group, "--describe", "--members"));
        tool(run, "", command, with(group, "--reset-offsets", "--topic", topic + ":0", "--to-offset", "3", "--execute"));
        tool(run, "", command, with(group, "--reset-offsets", "--topic", topic + ":0", "--to-earliest", "--dry-run"));
        tool(run, "", command, with(group, "--delete-offsets", "--topic", topic));
        tool(run, "", command, with(group, "--delete"));
        tool(run, "", command, with(group, "--describe"));
    }

    private static void configs(Report.Run run) throws Exception {
        String topic = Clients.makeTopic(run, "", 1, "retention.ms", "");
        String[] entity = {"--bootstrap-server", run.options.bootstrap, "--entity-type", "topics", "--entity-name", topic};
        tool(run, "", "kafka.admin.ConfigCommand", with(entity, "--alter", "--add-config", "retention.ms=7000,cleanup.policy=[delete]"));
        tool(run, "", "kafka.admin.ConfigCommand", with(entity, "--describe"));
        tool(run, "", "kafka.admin.ConfigCommand", with(entity, "--alter", "--delete-config", "retention.ms"));
        tool(run, "", "kafka.admin.ConfigCommand", with(entity, "--describe"));
    }

    private static void offsets(Report.Run run) throws Exception {
        String topic = Clients.makeTopic(run, "", 1);
        Clients.send(run, Clients.numbered(topic, 10));
        tool(run, "", "GetOffsetShell", "--bootstrap-server", run.options.bootstrap, "--topic", topic);
        Path wanted = Files.writeString(Files.createTempFile("delete", ".json"), "{\"partitions\":[{\"topic\":\"" + topic + "\",\"partition\":0,\"offset\":4}],\"version\":1}");
        output(run, "", "DeleteRecordsCommand", "--bootstrap-server", run.options.bootstrap, "--offset-json-file", wanted.toString())
            .forEach(line -> run.say(normal(line)));
        Files.delete(wanted);
        tool(run, "", "GetOffsetShell", "--bootstrap-server", run.options.bootstrap, "--topic", topic, "--time", "earliest");
    }

    private static void performance(Report.Run run) throws Exception {
        String topic = Clients.makeTopic(run, "", 1);
        String last = lastOf(output(run, "", "ProducerPerformance", "--bootstrap-server", run.options.bootstrap, "--topic", topic,
            "--num-records", "5000", "--record-size", "100", "--throughput", "-1"));
        run.say("produced", last.replaceAll(" records sent.*", ""));
        String[] figures = lastOf(output(run, "", "ConsumerPerformance", "--bootstrap-server", run.options.bootstrap, "--topic", topic, "--num-records", "5000",
            "--group", run.name("-group"))).split(", ");
        run.say("consumed", figures.length > 4 ? figures[4] : String.join(" ", figures));
    }

    private static String lastOf(List<String> lines) {
        return lines.isEmpty() ? "" : lines.get(lines.size() - 1);
    }
}
