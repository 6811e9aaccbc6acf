package main

import (
	"context"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kmsg"
)

var adminCases = []test{
	{"versions", versions},
	{"topics", topics},
	{"ends-listed", endsListed},
	{"records-deleted", recordsDeleted},
	{"settings", settings},
	{"cluster", cluster},
}

func (r *run) admin() (*kadm.Client, error) {
	client, err := r.client()
	if err != nil {
		return nil, err
	}
	return kadm.NewClient(client), nil
}

// versions lists what the server says that it speaks.
func versions(ctx context.Context, r *run) error {
	admin, err := r.admin()
	if err != nil {
		return err
	}
	defer admin.Close()
	found, err := admin.ApiVersions(ctx)
	if err != nil {
		return err
	}
	for _, node := range found {
		node.EachKeySorted(func(key, low, high int16) { r.say(kmsg.NameForKey(key), low, "to", high) })
	}
	return nil
}

func topics(ctx context.Context, r *run) error {
	admin, err := r.admin()
	if err != nil {
		return err
	}
	defer admin.Close()
	name := r.topic("")
	for _, partitions := range []int32{0, 3, 3} {
		made, err := admin.CreateTopic(ctx, partitions, 1, nil, name)
		r.say("made with", partitions, nameOf(err), made.NumPartitions, made.ReplicationFactor)
	}
	bad, err := admin.CreateTopic(ctx, 1, 9, nil, r.topic("-b"))
	r.say("nine replicas", nameOf(err), bad.NumPartitions)
	added, err := admin.UpdatePartitions(ctx, 5, name)
	r.say("to five", nameOf(err), nameOf(added.Error()))
	time.Sleep(300 * time.Millisecond)
	listed, err := admin.ListTopics(ctx, name)
	if err != nil {
		return err
	}
	for _, part := range listed[name].Partitions.Sorted() {
		r.say("partition", part.Partition, "replicas", len(part.Replicas), "in sync", len(part.ISR), "epoch", part.LeaderEpoch, nameOf(part.Err))
	}
	for _, what := range []string{"removed", "removed again"} {
		removed, err := admin.DeleteTopics(ctx, name)
		if err == nil {
			err = removed.Error()
		}
		r.say(what, nameOf(err))
	}
	return nil
}

func endsListed(ctx context.Context, r *run) error {
	topic, err := r.makeTopic(ctx, "", 1)
	if err != nil {
		return err
	}
	if _, err := r.send(ctx, numbered(topic, 10)); err != nil {
		return err
	}
	admin, err := r.admin()
	if err != nil {
		return err
	}
	defer admin.Close()
	show := func(what string, found kadm.ListedOffsets, err error) {
		r.say(what, nameOf(err))
		found.Each(func(o kadm.ListedOffset) {
			r.say(" ", o.Partition, o.Offset, o.Timestamp, o.LeaderEpoch, nameOf(o.Err))
		})
	}
	found, err := admin.ListStartOffsets(ctx, topic)
	show("start", found, err)
	found, err = admin.ListEndOffsets(ctx, topic)
	show("end", found, err)
	found, err = admin.ListCommittedOffsets(ctx, topic)
	show("committed", found, err)
	found, err = admin.ListMaxTimestampOffsets(ctx, topic)
	show("max timestamp", found, err)
	for _, at := range []int64{0, 1_004_500, 9_999_999} {
		found, err = admin.ListOffsetsAfterMilli(ctx, at, topic)
		show(fmt.Sprint("after ", at), found, err)
	}
	return nil
}

func recordsDeleted(ctx context.Context, r *run) error {
	topic, err := r.makeTopic(ctx, "", 1)
	if err != nil {
		return err
	}
	if _, err := r.send(ctx, numbered(topic, 10)); err != nil {
		return err
	}
	admin, err := r.admin()
	if err != nil {
		return err
	}
	defer admin.Close()
	for _, before := range []int64{4, 2, 11, -1} {
		var wanted kadm.Offsets
		wanted.Add(kadm.Offset{Topic: topic, Partition: 0, At: before})
		found, err := admin.DeleteRecords(ctx, wanted)
		r.say("before", before, nameOf(err))
		found.Each(func(d kadm.DeleteRecordsResponse) { r.say(" ", d.LowWatermark, nameOf(d.Err)) })
	}
	return nil
}

func settings(ctx context.Context, r *run) error {
	topic, err := r.makeTopic(ctx, "", 1, "retention.ms", "")
	if err != nil {
		return err
	}
	admin, err := r.admin()
	if err != nil {
		return err
	}
	defer admin.Close()
	for _, change := range []kadm.AlterConfig{
		{Op: kadm.SetConfig, Name: "retention.ms", Value: kadm.StringPtr("1234")},
		{Op: kadm.SetConfig, Name: "no.such", Value: kadm.StringPtr("1")},
		{Op: kadm.AppendConfig, Name: "cleanup.policy", Value: kadm.StringPtr("compact")},
		{Op: kadm.DeleteConfig, Name: "retention.ms"},
	} {
		found, err := admin.AlterTopicConfigs(ctx, []kadm.AlterConfig{change}, topic)
		for _, one := range found {
			r.say(change.Name, nameOf(err), nameOf(one.Err))
		}
		described, err := admin.DescribeTopicConfigs(ctx, topic)
		if err != nil {
			return err
		}
		for _, resource := range described {
			for _, config := range resource.Configs {
				if config.Key == change.Name {
					r.say(" ", config.Key, config.MaybeValue(), config.Source)
				}
			}
		}
	}
	return nil
}

func cluster(ctx context.Context, r *run) error {
	admin, err := r.admin()
	if err != nil {
		return err
	}
	defer admin.Close()
	found, err := admin.BrokerMetadata(ctx)
	if err != nil {
		return err
	}
	for _, node := range found.Brokers {
		r.say(fmt.Sprintf("%s:%d", node.Host, node.Port), "controller", node.NodeID == found.Controller, "cluster id", found.Cluster != "")
	}
	return nil
}
