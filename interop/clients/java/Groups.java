import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListConsumerGroupOffsetsSpec;
import org.apache.kafka.clients.admin.ListGroupsOptions;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.GroupState;
import org.apache.kafka.common.TopicPartition;

/** Groups of consumers as an administrator sees and changes them. */
final class Groups {
    private Groups() {}

    static void addCases() {
        Report.add("groups-listed", Groups::listed);
        Report.add("groups-described", Groups::described);
        Report.add("group-offsets-changed", Groups::offsets);
        Report.add("groups-deleted", Groups::deleted);
        Report.add("members-removed", Groups::membersRemoved);
    }

    private static KafkaConsumer<String, String> member(Report.Run run, String group, String topic) {
        var consumer = Clients.consumer(run, "group.id", run.name(group), "client.id", "member");
        consumer.subscribe(List.of(topic));
        Clients.assigned(List.of(consumer), List.of(2));
        return consumer;
    }

    private static void commit(Report.Run run, String group, TopicPartition part, long offset) {
        try (var consumer = Clients.consumer(run, "group.id", run.name(group))) {
            consumer.commitSync(Map.of(part, new OffsetAndMetadata(offset, "note")));
        }
    }

    private static void listed(Report.Run run) throws Exception {
        String topic = Clients.makeTopic(run, "", 2);
        commit(run, "-empty", new TopicPartition(topic, 0), 1);
        try (var member = member(run, "-busy", topic); Admin admin = Clients.admin(run)) {
            list(run, admin, "all", new ListGroupsOptions());
            list(run, admin, "stable", new ListGroupsOptions().inGroupStates(Set.of(GroupState.STABLE)));
            list(run, admin, "consumers", ListGroupsOptions.forConsumerGroups());
            list(run, admin, "shares", ListGroupsOptions.forShareGroups());
        }
    }

    private static void list(Report.Run run, Admin admin, String what, ListGroupsOptions options) throws Exception {
        run.saySorted(Report.wait(admin.listGroups(options).all()).stream().filter(group -> group.groupId().startsWith(run.name("")))
            .map(group -> what + " " + group.groupId() + " " + group.groupState().orElse(null) + " " + group.type().orElse(null) + " " + group.protocol()));
    }

    private static void described(Report.Run run) throws Exception {
        String topic = Clients.makeTopic(run, "", 2);
        commit(run, "-empty", new TopicPartition(topic, 0), 1);
        try (var member = member(run, "-busy", topic); Admin admin = Clients.admin(run)) {
            for (String group : List.of("-busy", "-empty", "-none")) {
                run.say(group, Report.attempt(() -> {
                    var found = Report.wait(admin.describeConsumerGroups(Set.of(run.name(group))).describedGroups().get(run.name(group)));
                    return found.groupState() + " " + found.type() + " assignor '" + found.partitionAssignor() + "' simple " + found.isSimpleConsumerGroup()
                        + " members " + found.members().stream().map(one -> one.clientId() + " on " + one.host() + " has " + sorted(one.assignment().topicPartitions())).toList();
                }));
            }
        }
    }

    private static List<TopicPartition> sorted(Set<TopicPartition> parts) {
        return parts.stream().sorted(java.util.Comparator.comparing(TopicPartition::partition)).toList();
    }

    private static void offsets(Report.Run run) throws Exception {
        String topic = Clients.makeTopic(run, "", 2);
        var zero = new TopicPartition(topic, 0);
        var one = new TopicPartition(topic, 1);
        String group = run.name("-group");
        try (Admin admin = Clients.admin(run)) {
            var wanted = Map.of(zero, new OffsetAndMetadata(5, "by hand"), one, new OffsetAndMetadata(6));
            run.say("altered", Report.outcome(admin.alterConsumerGroupOffsets(group, wanted).all()));
            show(run, admin, group, zero, one);
            run.say("deleted one", Report.outcome(admin.deleteConsumerGroupOffsets(group, Set.of(one)).all()));
            show(run, admin, group, zero, one);
            var nowhere = new TopicPartition(run.name("-none"), 0);
            run.say("unknown topic", Report.outcome(admin.alterConsumerGroupOffsets(group, Map.of(nowhere, new OffsetAndMetadata(1))).all()));
            run.say("unknown topic deleted", Report.outcome(admin.deleteConsumerGroupOffsets(group, Set.of(nowhere)).all()));
            run.say("unknown group", Report.outcome(admin.deleteConsumerGroupOffsets(run.name("-none"), Set.of(zero)).all()));
        }
        try (var member = member(run, "-busy", topic); Admin admin = Clients.admin(run)) {
            String busy = run.name("-busy");
            run.say("altered under a member", Report.outcome(admin.alterConsumerGroupOffsets(busy, Map.of(zero, new OffsetAndMetadata(1))).all()));
            run.say("deleted under a member", Report.outcome(admin.deleteConsumerGroupOffsets(busy, Set.of(zero)).all()));
        }
    }

    private static void show(Report.Run run, Admin admin, String group, TopicPartition... parts) throws Exception {
        var found = Report.wait(admin.listConsumerGroupOffsets(Map.of(group, new ListConsumerGroupOffsetsSpec())).partitionsToOffsetAndMetadata(group));
        for (var part : parts) {
            run.say("offsets", part, found.get(part));
        }
    }

    private static void deleted(Report.Run run) throws Exception {
        String topic = Clients.makeTopic(run, "", 2);
        commit(run, "-empty", new TopicPartition(topic, 0), 1);
        try (var member = member(run, "-busy", topic); Admin admin = Clients.admin(run)) {
            for (String group : List.of("-busy", "-empty", "-empty", "-none")) {
                run.say(group, Report.outcome(admin.deleteConsumerGroups(Set.of(run.name(group))).all()));
            }
        }
    }

    private static void membersRemoved(Report.Run run) throws Exception {
        String topic = Clients.makeTopic(run, "", 2);
        try (var member = member(run, "-busy", topic); Admin admin = Clients.admin(run)) {
            var all = new org.apache.kafka.clients.admin.RemoveMembersFromConsumerGroupOptions();
            run.say("removed", Report.outcome(admin.removeMembersFromConsumerGroup(run.name("-busy"), all).all()));
            var found = Report.wait(admin.describeConsumerGroups(Set.of(run.name("-busy"))).all()).get(run.name("-busy"));
            run.say("left", found.members().size(), found.groupState());
        }
    }
}
