import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.AlterConfigOp.OpType;
import org.apache.kafka.clients.admin.AlterConfigsOptions;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.DescribeConfigsOptions;
import org.apache.kafka.common.config.ConfigResource;

/** Settings of topics and nodes, with where each value comes from. */
final class Settings {
    private static final Set<String> OF_A_NODE = new TreeSet<>(List.of("auto.create.topics.enable", "compression.type", "default.replication.factor",
        "group.initial.rebalance.delay.ms", "log.retention.hours", "log.segment.bytes", "message.max.bytes", "num.partitions", "offsets.retention.minutes"));

    private Settings() {}

    static void addCases() {
        Report.add("settings-of-a-topic", Settings::ofATopic);
        Report.add("settings-of-a-node", Settings::ofANode);
        Report.add("settings-changed", Settings::changed);
        Report.add("settings-of-a-node-changed", Settings::nodeChanged);
        Report.add("resources-with-settings", Settings::resources);
    }

    private static Map<ConfigResource, org.apache.kafka.clients.admin.Config> describe(Admin admin, ConfigResource resource) throws Exception {
        var options = new DescribeConfigsOptions().includeSynonyms(true).includeDocumentation(true);
        return Report.wait(admin.describeConfigs(Set.of(resource), options).all());
    }

    private static String line(ConfigEntry entry) {
        var synonyms = entry.synonyms().stream().map(one -> one.name() + "=" + one.value() + " " + one.source()).toList();
        return entry.name() + " = " + entry.value() + " " + entry.source() + " " + entry.type() + (entry.isReadOnly() ? " read-only" : "")
            + (entry.isSensitive() ? " sensitive" : "") + (entry.documentation() == null ? " undocumented" : "") + " " + synonyms;
    }

    private static void ofATopic(Report.Run run) throws Exception {
        var topic = new ConfigResource(ConfigResource.Type.TOPIC, Clients.makeTopic(run, "", 1, "cleanup.policy", "delete", "retention.ms", "1234567"));
        try (Admin admin = Clients.admin(run)) {
            run.saySorted(describe(admin, topic).get(topic).entries().stream().map(Settings::line));
            var unknown = new ConfigResource(ConfigResource.Type.TOPIC, run.name("-none"));
            run.say("unknown", Report.attempt(() -> describe(admin, unknown)));
        }
    }

    private static ConfigResource node(Admin admin) throws Exception {
        return new ConfigResource(ConfigResource.Type.BROKER, Report.wait(admin.describeCluster().controller()).idString());
    }

    private static void ofANode(Report.Run run) throws Exception {
        try (Admin admin = Clients.admin(run)) {
            var node = node(admin);
            run.saySorted(describe(admin, node).get(node).entries().stream().filter(entry -> OF_A_NODE.contains(entry.name())).map(Settings::line));
        }
    }

    private static Object change(Admin admin, ConfigResource resource, String name, String value, OpType operation, boolean onlyCheck) {
        var op = new AlterConfigOp(new ConfigEntry(name, value), operation);
        return Report.outcome(admin.incrementalAlterConfigs(Map.of(resource, List.of(op)), new AlterConfigsOptions().validateOnly(onlyCheck)).all());
    }

    private static void changed(Report.Run run) throws Exception {
        var topic = new ConfigResource(ConfigResource.Type.TOPIC, Clients.makeTopic(run, "", 1, "retention.ms", ""));
        try (Admin admin = Clients.admin(run)) {
            run.say("set", change(admin, topic, "retention.ms", "5000", OpType.SET, false), line(describe(admin, topic).get(topic).get("retention.ms")));
            run.say("only checked", change(admin, topic, "retention.ms", "1", OpType.SET, true), line(describe(admin, topic).get(topic).get("retention.ms")));
            run.say("deleted", change(admin, topic, "retention.ms", "", OpType.DELETE, false), line(describe(admin, topic).get(topic).get("retention.ms")));
            run.say("appended", change(admin, topic, "cleanup.policy", "compact", OpType.APPEND, false), line(describe(admin, topic).get(topic).get("cleanup.policy")));
            run.say("subtracted", change(admin, topic, "cleanup.policy", "delete", OpType.SUBTRACT, false), line(describe(admin, topic).get(topic).get("cleanup.policy")));
            run.say("appended to a number", change(admin, topic, "retention.ms", "1", OpType.APPEND, false));
            run.say("bad value", change(admin, topic, "cleanup.policy", "burn", OpType.SET, false));
            run.say("out of range", change(admin, topic, "max.message.bytes", "-1", OpType.SET, false));
            run.say("unknown setting", change(admin, topic, "no.such", "1", OpType.SET, false));
            run.say("unknown topic", change(admin, new ConfigResource(ConfigResource.Type.TOPIC, run.name("-none")), "retention.ms", "1", OpType.SET, false));
        }
    }

    private static void nodeChanged(Report.Run run) throws Exception {
        try (Admin admin = Clients.admin(run)) {
            var node = node(admin);
            run.say("one that cannot change", change(admin, node, "num.partitions", "7", OpType.SET, false));
            run.say("one that can, checked", change(admin, node, "message.max.bytes", "2000000", OpType.SET, true));
            run.say("bad value, checked", change(admin, node, "message.max.bytes", "-2", OpType.SET, true));
        }
    }

    private static void resources(Report.Run run) throws Exception {
        Clients.makeTopic(run, "", 1, "retention.ms", "1000");
        try (Admin admin = Clients.admin(run)) {
            var found = Report.wait(admin.listConfigResources(Set.of(ConfigResource.Type.TOPIC), new org.apache.kafka.clients.admin.ListConfigResourcesOptions()).all());
            run.saySorted(found.stream().map(ConfigResource::name).filter(name -> name.startsWith(run.name(""))));
        }
    }
}
