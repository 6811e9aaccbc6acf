use super::*;

/// As the tool of Kafka 4.3.0 prints it, a line of progress first.
const PRODUCER: &str = "49201 records sent, 9840.2 records/sec (2.40 MB/sec), 812.3 ms avg latency, 1201.0 ms max latency.
200000 records sent, 49200.492005 records/sec (12.01 MB/sec), 1370.29 ms avg latency, 1845.00 ms max latency, 1456 ms 50th, 1836 ms 95th, 1842 ms 99th, 1844 ms 99.9th.
";

#[test]
fn a_producers_last_line_is_read() {
    let found = produced(PRODUCER).expect("it is whole");
    let expected = Produced {
        records: 200_000.0,
        per_second: 49_200.492_005,
        mebibytes_per_second: 12.01,
        average_ms: 1370.29,
        p50_ms: 1456.0,
        p95_ms: 1836.0,
        p99_ms: 1842.0,
        p999_ms: 1844.0,
    };
    assert_eq!(found, expected);
}

#[test]
fn records_of_the_beginning_are_left_out() {
    let steady = "20000 steady state records sent, 500.5 records/sec (0.12 MB/sec), 1.5 ms avg latency, 9.00 ms max latency, 1 ms 50th, 2 ms 95th, 3 ms 99th, 4 ms 99.9th.";
    let found = produced(&format!("{PRODUCER}{steady}\n")).expect("it is whole");
    assert_eq!((found.records, found.per_second, found.p999_ms), (20_000.0, 500.5, 4.0));
}

#[test]
fn a_producer_that_did_not_finish_gives_nothing() {
    assert_eq!(produced(PRODUCER.lines().next().expect("there is one")), None);
    assert_eq!(produced(""), None);
}

#[test]
fn a_consumers_last_line_is_read() {
    let text = "start.time, end.time, data.consumed.in.MB, MB.sec, data.consumed.in.nMsg, nMsg.sec, rebalance.time.ms, fetch.time.ms, fetch.MB.sec, fetch.nMsg.sec\n\
                2026-01-02 03:04:05:550, 2026-01-02 03:04:06:557, 48.8281, 48.4887, 200000, 198609.7319, 458, 549, 88.9401, 364298.7250\n";
    let expected = Consumed {
        records: 200_000.0,
        per_second: 198_609.731_9,
        mebibytes_per_second: 48.4887,
        fetched_per_second: 364_298.725,
    };
    assert_eq!(consumed(text), Some(expected));
    assert_eq!(consumed("start.time, end.time\n"), None);
}

#[test]
fn round_trips_are_read() {
    let text = "0\t204.14\nAvg latency: 3.3099 ms\n\nPercentiles: 50th = 1, 99th = 22, 99.9th = 204\n";
    let expected = RoundTrips { average_ms: 3.3099, p50_ms: 1.0, p99_ms: 22.0, p999_ms: 204.0 };
    assert_eq!(round_trips(text), Some(expected));
    assert_eq!(round_trips("Avg latency: 3.3099 ms\n"), None);
}
