package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

var recordCases = []test{
	{"codecs", codecs},
	{"acknowledgements", acknowledgements},
	{"fields-of-a-record", fields},
	{"append-time", appendTime},
	{"large-records", large},
	{"refused-by-a-compacted-topic", refusedByACompactedTopic},
	{"refused-records", refused},
	{"many-partitions", manyPartitions},
	{"made-by-a-producer", madeByAProducer},
	{"unknown-topics", unknownTopics},
	{"out-of-range", outOfRange},
	{"small-fetches", smallFetches},
	{"transactions", transactions},
}

// makeTopic makes a topic and waits until it has a leader; configs are names and values in turn. It keeps records of any age, since many
// here bear a time long past, unless configs say how long; an empty value is the server's own.
func (r *run) makeTopic(ctx context.Context, suffix string, partitions int32, configs ...string) (string, error) {
	client, err := r.client()
	if err != nil {
		return "", err
	}
	defer client.Close()
	settings := map[string]*string{"retention.ms": kadm.StringPtr("-1")}
	for n := 0; n < len(configs); n += 2 {
		settings[configs[n]] = &configs[n+1]
	}
	maps.DeleteFunc(settings, func(_ string, value *string) bool { return *value == "" })
	admin := kadm.NewClient(client)
	name := r.topic(suffix)
	if _, err := admin.CreateTopic(ctx, partitions, -1, settings, name); err != nil {
		return "", err
	}
	for ctx.Err() == nil {
		found, err := admin.ListTopics(ctx, name)
		if err == nil && found[name].Err == nil && len(found[name].Partitions) == int(partitions) {
			return name, nil
		}
		time.Sleep(50 * time.Millisecond)
	}
	return "", ctx.Err()
}

// send produces records in one go and gives what became of each.
func (r *run) send(ctx context.Context, records []*kgo.Record, more ...kgo.Opt) (kgo.ProduceResults, error) {
	client, err := r.client(append([]kgo.Opt{kgo.ProducerLinger(20 * time.Millisecond)}, more...)...)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	return client.ProduceSync(ctx, records...), nil
}

func numbered(topic string, count int) []*kgo.Record {
	var records []*kgo.Record
	for n := range count {
		value := strings.Repeat(fmt.Sprintf("value %d ", n), 10)
		records = append(records, &kgo.Record{Topic: topic, Value: []byte(value), Timestamp: time.UnixMilli(int64(1_000_000 + 1000*n))})
	}
	return records
}

// take reads until `count` records have come.
func take(ctx context.Context, client *kgo.Client, count int) ([]*kgo.Record, error) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	var found []*kgo.Record
	for len(found) < count {
		fetches := client.PollFetches(ctx)
		if err := fetches.Err0(); err != nil {
			return found, err
		}
		var failed error
		fetches.EachError(func(_ string, _ int32, err error) { failed = err })
		if failed != nil {
			return found, failed
		}
		found = append(found, fetches.Records()...)
	}
	return found, nil
}

func (r *run) read(ctx context.Context, topic string, count int, more ...kgo.Opt) ([]*kgo.Record, error) {
	client, err := r.client(append([]kgo.Opt{kgo.ConsumeTopics(topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart())}, more...)...)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	return take(ctx, client, count)
}

func digest(records []*kgo.Record) string {
	sum := sha256.New()
	for _, record := range records {
		fmt.Fprintf(sum, "%d %s\n", record.Offset, record.Value)
	}
	return fmt.Sprintf("%x", sum.Sum(nil))[:16]
}

func codecs(ctx context.Context, r *run) error {
	for _, codec := range []struct {
		name  string
		codec kgo.CompressionCodec
	}{
		{"none", kgo.NoCompression()}, {"gzip", kgo.GzipCompression()}, {"snappy", kgo.SnappyCompression()},
		{"lz4", kgo.Lz4Compression()}, {"zstd", kgo.ZstdCompression()},
	} {
		topic, err := r.makeTopic(ctx, "-"+codec.name, 1)
		if err != nil {
			return err
		}
		sent, err := r.send(ctx, numbered(topic, 500), kgo.ProducerBatchCompression(codec.codec))
		if err != nil {
			return err
		}
		found, err := r.read(ctx, topic, 500)
		r.say(codec.name, nameOf(sent.FirstErr()), "read", len(found), digest(found), nameOf(err))
	}
	return nil
}

func acknowledgements(ctx context.Context, r *run) error {
	for _, acks := range []struct {
		name string
		acks kgo.Acks
	}{{"0", kgo.NoAck()}, {"1", kgo.LeaderAck()}, {"all", kgo.AllISRAcks()}} {
		topic, err := r.makeTopic(ctx, "-"+acks.name, 1)
		if err != nil {
			return err
		}
		sent, err := r.send(ctx, numbered(topic, 3), kgo.RequiredAcks(acks.acks), kgo.DisableIdempotentWrite())
		if err != nil {
			return err
		}
		found, err := r.read(ctx, topic, 3)
		r.say("acks", acks.name, nameOf(sent.FirstErr()), "read", len(found), nameOf(err))
	}
	return nil
}

func fields(ctx context.Context, r *run) error {
	topic, err := r.makeTopic(ctx, "", 1)
	if err != nil {
		return err
	}
	at := time.UnixMilli(1234)
	sent, err := r.send(ctx, []*kgo.Record{
		{Topic: topic, Value: []byte("no key"), Timestamp: at},
		{Topic: topic, Key: []byte("no value"), Timestamp: at.Add(time.Second)},
		{Topic: topic, Key: []byte{}, Value: []byte{}, Timestamp: at.Add(-time.Second)},
		{Topic: topic, Value: []byte("headers"), Timestamp: at, Headers: []kgo.RecordHeader{{Key: "a", Value: []byte("1")}, {Key: "a", Value: []byte{}}, {Key: "n"}}},
	})
	if err != nil {
		return err
	}
	r.say(nameOf(sent.FirstErr()))
	found, err := r.read(ctx, topic, 4)
	for _, record := range found {
		headers := ""
		for _, header := range record.Headers {
			headers += fmt.Sprintf(" %s=%q nil %t", header.Key, header.Value, header.Value == nil)
		}
		r.say(record.Offset, fmt.Sprintf("%q %t %q %t", record.Key, record.Key == nil, record.Value, record.Value == nil), record.Timestamp.UnixMilli(),
			record.Attrs.TimestampType(), record.LeaderEpoch, headers)
	}
	return err
}

func appendTime(ctx context.Context, r *run) error {
	topic, err := r.makeTopic(ctx, "", 1, "message.timestamp.type", "LogAppendTime")
	if err != nil {
		return err
	}
	begin := time.Now().Truncate(time.Millisecond)
	sent, err := r.send(ctx, numbered(topic, 2))
	if err != nil {
		return err
	}
	for _, result := range sent {
		r.say("told", nameOf(result.Err), !result.Record.Timestamp.Before(begin))
	}
	found, err := r.read(ctx, topic, 2)
	for _, record := range found {
		r.say("read", record.Attrs.TimestampType(), !record.Timestamp.Before(begin))
	}
	return err
}

func large(ctx context.Context, r *run) error {
	topic, err := r.makeTopic(ctx, "", 1)
	if err != nil {
		return err
	}
	for _, size := range []int{900_000, 1_048_516, 1_048_517, 3_000_000} {
		record := &kgo.Record{Topic: topic, Value: make([]byte, size)}
		sent, err := r.send(ctx, []*kgo.Record{record}, kgo.ProducerBatchMaxBytes(8_000_000), kgo.ProducerBatchCompression(kgo.NoCompression()))
		if err != nil {
			return err
		}
		r.say(size, nameOf(sent.FirstErr()))
	}
	found, err := r.read(ctx, topic, 2)
	for _, record := range found {
		r.say("read", len(record.Value))
	}
	return err
}

func refusedByACompactedTopic(ctx context.Context, r *run) error {
	topic, err := r.makeTopic(ctx, "", 1, "cleanup.policy", "compact")
	if err != nil {
		return err
	}
	return r.sayRefusals(ctx, []*kgo.Record{{Topic: topic, Value: []byte("no key")}})
}

func refused(ctx context.Context, r *run) error {
	plain, err := r.makeTopic(ctx, "-plain", 1)
	if err != nil {
		return err
	}
	return r.sayRefusals(ctx, []*kgo.Record{
		{Topic: plain, Value: []byte("two hours ahead"), Timestamp: time.Now().Add(2 * time.Hour)},
		{Topic: "bad name", Value: []byte("a bad name")},
	})
}

// sayRefusals sends one record after the other, and says what became of each.
func (r *run) sayRefusals(ctx context.Context, records []*kgo.Record) error {
	for _, record := range records {
		sent, err := r.send(ctx, []*kgo.Record{record}, kgo.UnknownTopicRetries(1), kgo.RecordRetries(2))
		if err != nil {
			return err
		}
		r.say(string(record.Value), nameOf(sent.FirstErr()))
	}
	return nil
}

func manyPartitions(ctx context.Context, r *run) error {
	topic, err := r.makeTopic(ctx, "", 16)
	if err != nil {
		return err
	}
	var records []*kgo.Record
	for n := range 1000 {
		records = append(records, &kgo.Record{Topic: topic, Key: fmt.Appendf(nil, "key %d", n), Value: fmt.Appendf(nil, "%d", n)})
	}
	sent, err := r.send(ctx, records)
	if err != nil {
		return err
	}
	found, err := r.read(ctx, topic, 1000)
	counts := make([]int, 16)
	for _, record := range found {
		counts[record.Partition]++
	}
	r.say(nameOf(sent.FirstErr()), "read", len(found), counts)
	return err
}

func madeByAProducer(ctx context.Context, r *run) error {
	sent, err := r.send(ctx, []*kgo.Record{{Topic: r.topic(""), Value: []byte("x")}}, kgo.AllowAutoTopicCreation())
	if err != nil {
		return err
	}
	r.say("allowed", nameOf(sent.FirstErr()), sent[0].Record.Offset)
	return nil
}

func unknownTopics(ctx context.Context, r *run) error {
	sent, err := r.send(ctx, []*kgo.Record{{Topic: r.topic(""), Value: []byte("x")}}, kgo.UnknownTopicRetries(1))
	if err != nil {
		return err
	}
	r.say("produced", nameOf(sent.FirstErr()))
	return nil
}

func outOfRange(ctx context.Context, r *run) error {
	topic, err := r.makeTopic(ctx, "", 1)
	if err != nil {
		return err
	}
	if _, err := r.send(ctx, numbered(topic, 5)); err != nil {
		return err
	}
	at := map[string]map[int32]kgo.Offset{topic: {0: kgo.NewOffset().At(99)}}
	for _, reset := range []struct {
		name   string
		offset kgo.Offset
	}{{"earliest", kgo.NewOffset().AtStart()}, {"none", kgo.NoResetOffset()}} {
		client, err := r.client(kgo.ConsumePartitions(at), kgo.ConsumeResetOffset(reset.offset))
		if err != nil {
			return err
		}
		found, err := take(ctx, client, 5)
		r.say(reset.name, len(found), nameOf(outOfRangeOf(err)))
		client.Close()
	}
	return nil
}

// outOfRangeOf takes an error's own words away where they name offsets.
func outOfRangeOf(err error) error {
	var lost *kgo.ErrDataLoss
	if errors.As(err, &lost) {
		return errors.New("ErrDataLoss")
	}
	return err
}

func smallFetches(ctx context.Context, r *run) error {
	topic, err := r.makeTopic(ctx, "", 1)
	if err != nil {
		return err
	}
	for range 3 {
		if _, err := r.send(ctx, []*kgo.Record{{Topic: topic, Value: make([]byte, 50_000)}}, kgo.ProducerBatchCompression(kgo.NoCompression())); err != nil {
			return err
		}
	}
	found, err := r.read(ctx, topic, 3, kgo.FetchMaxBytes(1000), kgo.FetchMaxPartitionBytes(1000))
	r.say("read", len(found))
	return err
}

func transactions(ctx context.Context, r *run) error {
	topic, err := r.makeTopic(ctx, "", 1)
	if err != nil {
		return err
	}
	client, err := r.client(kgo.TransactionalID(r.topic("-id")), kgo.DefaultProduceTopic(topic))
	if err != nil {
		return err
	}
	defer client.Close()
	for _, end := range []kgo.TransactionEndTry{kgo.TryCommit, kgo.TryAbort, kgo.TryCommit} {
		if err := client.BeginTransaction(); err != nil {
			return err
		}
		err := client.ProduceSync(ctx, kgo.StringRecord(fmt.Sprintf("commit %t", bool(end)))).FirstErr()
		r.say("sent", nameOf(err), "ended", nameOf(client.EndTransaction(ctx, end)))
	}
	committed, err := r.read(ctx, topic, 2, kgo.FetchIsolationLevel(kgo.ReadCommitted()))
	for _, record := range committed {
		r.say("committed", record.Offset, string(record.Value))
	}
	return err
}
