package main

import (
	"context"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

var groupCases = []test{
	{"two-members-range", func(ctx context.Context, r *run) error { return twoMembers(ctx, r, kgo.RangeBalancer()) }},
	{"two-members-cooperative", func(ctx context.Context, r *run) error { return twoMembers(ctx, r, kgo.CooperativeStickyBalancer()) }},
	{"going-on", goingOn},
	{"static-members", staticMembers},
	{"offsets-by-an-administrator", offsetsByAdmin},
}

// A member of a group that counts what it owns.
type member struct {
	client *kgo.Client
	cancel context.CancelFunc
	sizes  chan int
}

func (r *run) join(ctx context.Context, topic string, more ...kgo.Opt) (*member, error) {
	m := &member{sizes: make(chan int, 100)}
	owned := 0
	changed := func(sign int) func(context.Context, *kgo.Client, map[string][]int32) {
		return func(_ context.Context, _ *kgo.Client, parts map[string][]int32) {
			owned += sign * len(parts[topic])
			m.sizes <- owned
		}
	}
	client, err := r.client(append([]kgo.Opt{
		kgo.ConsumerGroup(r.topic("-group")), kgo.ConsumeTopics(topic), kgo.DisableAutoCommit(), kgo.HeartbeatInterval(300 * time.Millisecond),
		kgo.OnPartitionsAssigned(changed(1)), kgo.OnPartitionsRevoked(changed(-1)), kgo.OnPartitionsLost(changed(-1)),
	}, more...)...)
	if err != nil {
		return nil, err
	}
	m.client = client
	ctx, m.cancel = context.WithCancel(ctx)
	go func() {
		for ctx.Err() == nil {
			client.PollFetches(ctx)
		}
	}()
	return m, nil
}

func (m *member) close() {
	m.cancel()
	m.client.Close()
}

// await waits until a member owns so many partitions; what it owned last otherwise.
func (m *member) await(ctx context.Context, wanted int) int {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	last := -1
	for last != wanted {
		select {
		case last = <-m.sizes:
		case <-ctx.Done():
			return last
		}
	}
	return last
}

func twoMembers(ctx context.Context, r *run, balancer kgo.GroupBalancer) error {
	topic, err := r.makeTopic(ctx, "", 4)
	if err != nil {
		return err
	}
	first, err := r.join(ctx, topic, kgo.Balancers(balancer))
	if err != nil {
		return err
	}
	defer first.close()
	r.say("one member", first.await(ctx, 4))
	second, err := r.join(ctx, topic, kgo.Balancers(balancer))
	if err != nil {
		return err
	}
	r.say("two members", first.await(ctx, 2), second.await(ctx, 2))
	second.close()
	r.say("one left", first.await(ctx, 4))
	return nil
}

func goingOn(ctx context.Context, r *run) error {
	topic, err := r.makeTopic(ctx, "", 1)
	if err != nil {
		return err
	}
	if _, err := r.send(ctx, numbered(topic, 10)); err != nil {
		return err
	}
	for _, wanted := range []int{4, 6} {
		client, err := r.client(kgo.ConsumerGroup(r.topic("-group")), kgo.ConsumeTopics(topic), kgo.DisableAutoCommit(),
			kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
		if err != nil {
			return err
		}
		found := []*kgo.Record{}
		for len(found) < wanted && ctx.Err() == nil {
			found = append(found, client.PollRecords(ctx, wanted-len(found)).Records()...)
		}
		if len(found) > 0 {
			r.say("from", found[0].Offset, "to", found[len(found)-1].Offset, "committed", nameOf(client.CommitRecords(ctx, found...)))
		}
		client.Close()
	}
	return nil
}

func staticMembers(ctx context.Context, r *run) error {
	topic, err := r.makeTopic(ctx, "", 2)
	if err != nil {
		return err
	}
	for _, start := range []string{"first", "again"} {
		only, err := r.join(ctx, topic, kgo.InstanceID("one"))
		if err != nil {
			return err
		}
		r.say(start, only.await(ctx, 2))
		found, err := kadm.NewClient(only.client).DescribeGroups(ctx, r.topic("-group"))
		if err != nil {
			return err
		}
		for _, group := range found {
			r.say(group.State, group.Protocol, len(group.Members), *group.Members[0].InstanceID)
		}
		only.close()
	}
	return nil
}

func offsetsByAdmin(ctx context.Context, r *run) error {
	topic, err := r.makeTopic(ctx, "", 2)
	if err != nil {
		return err
	}
	client, err := r.client()
	if err != nil {
		return err
	}
	defer client.Close()
	admin, group := kadm.NewClient(client), r.topic("-group")
	var wanted kadm.Offsets
	wanted.Add(kadm.Offset{Topic: topic, Partition: 0, At: 5, LeaderEpoch: -1, Metadata: "note"})
	wanted.Add(kadm.Offset{Topic: topic, Partition: 1, At: 6, LeaderEpoch: -1})
	committed, err := admin.CommitOffsets(ctx, group, wanted)
	r.say("committed", nameOf(err), nameOf(committed.Error()))
	found, err := admin.FetchOffsets(ctx, group)
	for _, offset := range found.Sorted() {
		r.say("fetched", offset.Partition, offset.At, offset.Metadata, nameOf(offset.Err))
	}
	if err != nil {
		return err
	}
	lags, err := admin.Lag(ctx, group)
	if err != nil {
		return err
	}
	r.say("lag", lags[group].Lag.Total(), lags[group].State)
	for _, what := range []string{"deleted", "deleted again"} {
		deleted, err := admin.DeleteGroup(ctx, group)
		if err == nil {
			err = deleted.Err
		}
		r.say(what, nameOf(err))
	}
	return nil
}
