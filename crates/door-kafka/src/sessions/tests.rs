//! Fetch sessions, told as stories, and against a model.

use std::collections::BTreeMap;

use proptest::{prelude::*, sample::select};

use super::{Fetch, FetchReply, FetchRequest, Outcome, Slot, Topic, Wanted, partition::Partition};
use crate::{ErrorCode, limits::FETCH_SESSION_EVICTION_MS};

type Sessions = super::Sessions<u8>;

/// What there is to read: the high watermark and log start of each partition.
type Logs = BTreeMap<i32, (i64, i64)>;

fn name(topic: &str) -> Topic {
    Topic::Name(topic.into())
}

fn want(partition: i32, fetch_offset: i64) -> Wanted {
    Wanted { topic: name("t"), partition, fetch_offset, max_bytes: 1_000, leader_epoch: -1, last_fetched_epoch: -1 }
}

fn full(partitions: Vec<Wanted>) -> FetchRequest {
    FetchRequest { version: 12, partitions, ..FetchRequest::default() }
}

fn next(session_id: i32, epoch: i32, partitions: Vec<Wanted>) -> FetchRequest {
    FetchRequest { session_id, epoch, ..full(partitions) }
}

/// By somebody else.
fn by(principal: &str, request: FetchRequest) -> FetchRequest {
    FetchRequest { principal: principal.into(), ..request }
}

fn nothing(slot: Slot) -> Outcome<()> {
    Outcome {
        slot,
        records_bytes: 0,
        high_watermark: 10,
        log_start_offset: 0,
        error: ErrorCode::None,
        has_preferred_replica: false,
        is_diverging: false,
        is_at_end: true,
        payload: (),
    }
}

/// Reads each partition as `found` says.
fn finish(sessions: &mut Sessions, now_ms: u64, fetch: Fetch, found: impl Fn(Slot, &Wanted) -> Outcome<()>) -> FetchReply<()> {
    let found = sessions.partitions_of(&fetch).map(|(slot, wanted)| found(slot, &wanted)).collect();
    let reply = sessions.finish(now_ms, fetch, found, now_ms as u32 * 2 + 20);
    sessions.check();
    reply
}

fn numbers(reply: &FetchReply<()>) -> Vec<i32> {
    reply.partitions.iter().map(|answer| answer.partition).collect()
}

fn begin(sessions: &mut Sessions, request: FetchRequest) -> Fetch {
    sessions.begin(0, request).expect("a fetch")
}

fn fetch(sessions: &mut Sessions, request: FetchRequest) -> FetchReply<()> {
    let fetch = begin(sessions, request);
    finish(sessions, 0, fetch, |slot, _| nothing(slot))
}

/// A session of the partitions 0, 1 and 2, all of which are read to the end.
fn three() -> (Sessions, i32) {
    let mut sessions = Sessions::default();
    let reply = fetch(&mut sessions, full((0..3).map(|partition| want(partition, 10)).collect()));
    assert_eq!((reply.error, numbers(&reply)), (ErrorCode::None, vec![0, 1, 2]), "a full fetch is answered in full");
    assert!(reply.session_id > 0);
    (sessions, reply.session_id)
}

#[test]
fn a_session_is_told_only_what_is_new() {
    let (mut sessions, id) = three();
    let fetch = begin(&mut sessions, next(id, 1, Vec::new()));
    let all: Vec<_> = sessions.partitions_of(&fetch).map(|(_, wanted)| wanted).collect();
    assert_eq!(all, (0..3).map(|partition| want(partition, 10)).collect::<Vec<_>>(), "the session knows what to read");
    let reply = finish(&mut sessions, 0, fetch, |slot, _| nothing(slot));
    assert_eq!((reply.error, reply.session_id, reply.partitions.len()), (ErrorCode::None, id, 0));
}

/// Whoever knew a session's id and epoch could go on with it: they saw whose partitions it had, moved its owner's epoch so that the
/// owner was refused, or closed it.
#[test]
fn a_session_is_there_for_who_began_it_and_for_nobody_else() {
    let mut sessions = Sessions::default();
    let reply = fetch(&mut sessions, by("ann", full(vec![want(0, 10), want(1, 10)])));
    let id = reply.session_id;
    for epoch in [1, 2] {
        let other = sessions.begin(0, by("eve", next(id, epoch, vec![want(7, 0)])));
        assert_eq!(other.err(), Some(ErrorCode::FetchSessionIdNotFound), "nor is it told whether epoch {epoch} is right");
    }
    // They can close it no more than go on with it.
    let reply = fetch(&mut sessions, by("eve", FetchRequest { session_id: id, epoch: -1, ..full(vec![want(3, 0)]) }));
    assert_eq!((reply.error, reply.session_id, numbers(&reply)), (ErrorCode::None, 0, vec![3]));
    let reply = fetch(&mut sessions, by("eve", FetchRequest { session_id: id, epoch: 0, ..full(vec![want(4, 0)]) }));
    assert!(reply.session_id > 0 && reply.session_id != id, "and have one of their own");
    assert_eq!(sessions.len(), 2);
    let fetch = sessions.begin(0, by("ann", next(id, 1, Vec::new()))).expect("it is theirs still");
    let wanted: Vec<i32> = sessions.partitions_of(&fetch).map(|(_, wanted)| wanted.partition).collect();
    assert_eq!(wanted, [0, 1]);
    assert_eq!(finish(&mut sessions, 0, fetch, |slot, _| nothing(slot)).error, ErrorCode::None);
    begin(&mut sessions, by("ann", FetchRequest { session_id: id, epoch: -1, ..full(Vec::new()) }));
    assert_eq!(sessions.len(), 1, "its owner closes it");
}

/// The partitions that are due, in their order.
fn due(sessions: &Sessions, fetch: &Fetch) -> Vec<i32> {
    sessions.due(fetch).iter().map(|due| due.wanted.partition).collect()
}

#[test]
fn a_partition_is_due_when_it_is_named_moved_or_not_read_to_its_end() {
    let (mut sessions, id) = three();
    let fetch = begin(&mut sessions, next(id, 1, vec![want(2, 10)]));
    assert_eq!(due(&sessions, &fetch), [2], "named");
    let slots: Vec<Slot> = sessions.partitions_of(&fetch).map(|(slot, _)| slot).collect();
    sessions.set_due(&fetch, Some(&slots[1..2]));
    assert_eq!(due(&sessions, &fetch), [1, 2], "moved, and in the session's order");
    let all = sessions.due(&fetch);
    let more = Outcome { records_bytes: 5, is_at_end: false, ..nothing(all[0].slot) };
    assert!(!all[0].is_quiet(&more) && all[1].is_quiet(&nothing(all[1].slot)));
    sessions.set_quiet(&fetch, &[all[1].slot]);
    let reply = sessions.finish(0, fetch, vec![more], 0);
    sessions.check();
    assert_eq!(numbers(&reply), [1]);
    let fetch = begin(&mut sessions, next(id, 2, Vec::new()));
    assert_eq!(due(&sessions, &fetch), [1], "it had more to give");
    let failed = Outcome { error: ErrorCode::UnknownTopicId, high_watermark: -1, ..nothing(slots[1]) };
    let _ = sessions.finish(0, fetch, vec![failed], 0);
    let fetch = begin(&mut sessions, next(id, 3, Vec::new()));
    assert_eq!(due(&sessions, &fetch), [1], "it had an error");
    sessions.set_due(&fetch, None);
    assert_eq!(due(&sessions, &fetch), [0, 2, 1], "all may have moved; what was sent stands last");
    let _ = sessions.finish(0, fetch, Vec::<Outcome<()>>::new(), 0);
    sessions.check();
}

#[test]
fn what_is_listened_with_stays_with_its_session() {
    let (mut sessions, id) = three();
    let fetch = begin(&mut sessions, next(id, 1, Vec::new()));
    assert_eq!(sessions.take_listening(&fetch), None);
    sessions.keep_listening(&fetch, 7);
    let second = begin(&mut sessions, next(id, 2, Vec::new()));
    assert_eq!(sessions.take_listening(&fetch), None, "the session went on");
    assert_eq!(sessions.take_listening(&second), Some(7));
    assert_eq!(sessions.take_listening(&second), None, "it is taken once");
    let forgets = FetchRequest { forgotten: vec![(name("t"), 1), (name("t"), 9)], ..next(id, 3, Vec::new()) };
    let third = begin(&mut sessions, forgets);
    assert_eq!(third.forgotten().len(), 1);
    sessions.keep_listening(&second, 8);
    assert_eq!(sessions.take_listening(&third), None, "a fetch that is overtaken keeps nothing");
}

#[test]
fn each_kind_of_news_is_told() {
    let (mut sessions, id) = three();
    type Change = fn(&mut Outcome<()>);
    let changes: [(Change, bool); 6] = [
        (|outcome| outcome.records_bytes = 1, false),
        (|outcome| outcome.high_watermark = 11, true),
        (|outcome| outcome.log_start_offset = 1, true),
        (|outcome| outcome.has_preferred_replica = true, false),
        (|outcome| outcome.is_diverging = true, false),
        (|outcome| (outcome.error, outcome.high_watermark) = (ErrorCode::UnknownTopicId, -1), true),
    ];
    let mut epoch = 0;
    let mut read = |sessions: &mut Sessions, change: Option<Change>| {
        epoch += 1;
        let fetch = begin(sessions, next(id, epoch, Vec::new()));
        let reply = finish(sessions, 0, fetch, |slot, wanted| {
            let mut outcome = nothing(slot);
            if let Some(change) = change.filter(|_| wanted.partition == 1) {
                change(&mut outcome);
            }
            outcome
        });
        numbers(&reply)
    };
    for (change, is_back_news) in changes {
        assert_eq!(read(&mut sessions, Some(change)), [1]);
        assert_eq!(read(&mut sessions, None), if is_back_news { vec![1] } else { vec![] }, "what it was before is news as well");
        assert_eq!(read(&mut sessions, None), [0i32; 0]);
    }
}

#[test]
fn an_error_is_told_as_long_as_it_lasts() {
    let (mut sessions, id) = three();
    for epoch in 1..4 {
        let fetch = begin(&mut sessions, next(id, epoch, Vec::new()));
        let reply = finish(&mut sessions, 0, fetch, |slot, wanted| {
            let error = if wanted.partition == 2 { ErrorCode::UnknownTopicId } else { ErrorCode::None };
            Outcome { error, ..nothing(slot) }
        });
        assert_eq!(numbers(&reply), [2]);
    }
    let reply = fetch(&mut sessions, next(id, 4, Vec::new()));
    assert_eq!(numbers(&reply), [2], "and that it is gone, though the high watermark is the one of before");
}

#[test]
fn what_was_sent_is_read_last_the_next_time() {
    let (mut sessions, id) = three();
    // Only one partition fits each answer, and all of them always have records.
    let mut sent = Vec::new();
    for epoch in 1..7 {
        let fetch = begin(&mut sessions, next(id, epoch, Vec::new()));
        let first = sessions.partitions_of(&fetch).next().expect("three").0;
        let reply =
            finish(&mut sessions, 0, fetch, |slot, _| Outcome { records_bytes: usize::from(slot == first), ..nothing(slot) });
        sent.extend(numbers(&reply));
    }
    assert_eq!(sent, [0, 1, 2, 0, 1, 2]);
}

#[test]
fn a_session_takes_changes_and_forgets() {
    let (mut sessions, id) = three();
    let mut request = next(id, 1, vec![want(1, 77), want(5, 3)]);
    request.forgotten = vec![(name("t"), 0), (name("t"), 9), (name("other"), 2)];
    let fetch = begin(&mut sessions, request);
    let all: Vec<_> = sessions.partitions_of(&fetch).map(|(_, wanted)| (wanted.partition, wanted.fetch_offset)).collect();
    assert_eq!(all, [(1, 77), (2, 10), (5, 3)]);
    let reply = finish(&mut sessions, 0, fetch, |slot, _| nothing(slot));
    assert_eq!(numbers(&reply), [5], "what is new to the session is told");
    assert_eq!(sessions.partitions(), 3);
}

#[test]
fn a_session_that_forgets_everything_is_closed() {
    let (mut sessions, id) = three();
    let forgotten = (0..3).map(|partition| (name("t"), partition)).collect();
    let reply = fetch(&mut sessions, FetchRequest { forgotten, ..next(id, 1, Vec::new()) });
    assert_eq!((reply.error, reply.session_id, sessions.len(), sessions.partitions()), (ErrorCode::None, 0, 0, 0));
}

#[test]
fn epochs_follow_each_other() {
    let (mut sessions, id) = three();
    let error = |sessions: &mut Sessions, id, epoch| sessions.begin(0, next(id, epoch, Vec::new())).err();
    assert_eq!(error(&mut sessions, id, 2), Some(ErrorCode::InvalidFetchSessionEpoch));
    assert_eq!(error(&mut sessions, id, 1), None);
    assert_eq!(error(&mut sessions, id, 1), Some(ErrorCode::InvalidFetchSessionEpoch), "a request that comes twice");
    assert_eq!(error(&mut sessions, id + 1, 1), Some(ErrorCode::FetchSessionIdNotFound));
    assert_eq!(error(&mut sessions, 0, 1), Some(ErrorCode::FetchSessionIdNotFound));
    sessions.sessions.get_mut(&id).expect("there").epoch = i32::MAX;
    assert_eq!(error(&mut sessions, id, i32::MAX), None);
    assert_eq!(error(&mut sessions, id, 1), None, "after the largest epoch comes 1");
}

#[test]
fn a_fetch_that_is_overtaken_is_not_answered_from_the_session() {
    let (mut sessions, id) = three();
    let slow = begin(&mut sessions, next(id, 1, Vec::new()));
    let fast = begin(&mut sessions, next(id, 2, Vec::new()));
    let reply = finish(&mut sessions, 0, slow, |slot, _| nothing(slot));
    assert_eq!((reply.error, reply.session_id), (ErrorCode::InvalidFetchSessionEpoch, id));
    begin(&mut sessions, FetchRequest { session_id: id, epoch: -1, ..full(Vec::new()) });
    let reply = finish(&mut sessions, 0, fast, |slot, _| nothing(slot));
    assert_eq!(reply.error, ErrorCode::FetchSessionIdNotFound, "or closed meanwhile");
}

#[test]
fn a_full_fetch_closes_the_session_that_it_names() {
    let (mut sessions, id) = three();
    let reply = fetch(&mut sessions, FetchRequest { session_id: id, ..full(vec![want(7, 0)]) });
    assert_eq!((numbers(&reply), sessions.len(), sessions.partitions()), (vec![7], 1, 1));
    let reply = fetch(&mut sessions, FetchRequest { session_id: reply.session_id, epoch: -1, ..full(vec![want(8, 0)]) });
    assert_eq!((numbers(&reply), reply.session_id, sessions.len()), (vec![8], 0, 0), "the last one of all is answered too");
    let reply = fetch(&mut sessions, FetchRequest { epoch: -1, ..full(vec![want(8, 0)]) });
    assert_eq!((numbers(&reply), reply.session_id, sessions.len()), (vec![8], 0, 0), "and who wants no session gets none");
}

#[test]
fn a_session_keeps_to_names_or_to_ids() {
    let (mut sessions, id) = three();
    let by_id = FetchRequest { version: 13, ..next(id, 1, Vec::new()) };
    assert_eq!(sessions.begin(0, by_id).err(), Some(ErrorCode::FetchSessionTopicIdError));
    let wanted = Wanted { topic: Topic::Id([3; 16]), ..want(0, 0) };
    let reply = fetch(&mut sessions, FetchRequest { version: 13, ..full(vec![wanted]) });
    assert_eq!(reply.partitions[0].topic, Topic::Id([3; 16]));
    let by_name = sessions.begin(0, next(reply.session_id, 1, Vec::new()));
    assert_eq!(by_name.err(), Some(ErrorCode::FetchSessionTopicIdError));
    assert!(sessions.begin(0, FetchRequest { version: 17, ..next(reply.session_id, 1, Vec::new()) }).is_ok());
}

#[test]
fn a_partition_that_is_named_twice_is_read_once() {
    let mut sessions = Sessions::default();
    let fetch = begin(&mut sessions, full(vec![want(0, 1), want(1, 2), want(0, 3)]));
    let all: Vec<_> = sessions.partitions_of(&fetch).map(|(_, wanted)| (wanted.partition, wanted.fetch_offset)).collect();
    assert_eq!(all, [(0, 3), (1, 2)]);
}

#[test]
fn a_full_cache_gives_no_session_until_one_is_stale() {
    let mut sessions = Sessions::new(2);
    let at = |sessions: &mut Sessions, now_ms, request| {
        let fetch = sessions.begin(now_ms, request).expect("a fetch");
        finish(sessions, now_ms, fetch, |slot, _| nothing(slot))
    };
    let small = at(&mut sessions, 0, full(vec![want(0, 0)])).session_id;
    let large = at(&mut sessions, 1, full(vec![want(0, 0), want(1, 0), want(2, 0)])).session_id;
    let two = || full(vec![want(0, 0), want(1, 0)]);
    let refused = at(&mut sessions, 2, two());
    assert_eq!((refused.session_id, numbers(&refused)), (0, vec![0, 1]), "answered, without a session");

    // Both are used, and are old enough then to make room for larger ones.
    let old = FETCH_SESSION_EVICTION_MS + 2;
    assert_eq!(at(&mut sessions, old, next(small, 1, Vec::new())).session_id, small);
    assert_eq!(at(&mut sessions, old, next(large, 1, Vec::new())).session_id, large);
    assert_eq!(at(&mut sessions, old, full(vec![want(0, 0)])).session_id, 0, "not for one of the same size");
    let newcomer = at(&mut sessions, old, two()).session_id;
    assert!(newcomer > 0 && sessions.evictions() == 1);
    assert_eq!(sessions.begin(old, next(small, 2, Vec::new())).err(), Some(ErrorCode::FetchSessionIdNotFound));

    // Who has not been used for long makes room for anybody.
    let late = old + FETCH_SESSION_EVICTION_MS;
    assert_eq!(at(&mut sessions, late, full(vec![want(0, 0)])).session_id, 0);
    assert!(at(&mut sessions, late + 1, full(vec![want(0, 0)])).session_id > 0);
    assert_eq!((sessions.len(), sessions.evictions()), (2, 2));
}

#[test]
fn a_young_session_is_safe_however_small() {
    let mut sessions = Sessions::new(1);
    fetch(&mut sessions, full(vec![want(0, 0)]));
    let fetch =
        sessions.begin(FETCH_SESSION_EVICTION_MS, full((0..50).map(|number| want(number, 0)).collect())).expect("a fetch");
    assert_eq!(finish(&mut sessions, FETCH_SESSION_EVICTION_MS, fetch, |slot, _| nothing(slot)).session_id, 0);
}

#[test]
fn sessions_have_ids_of_their_own() {
    let mut sessions = Sessions::default();
    let mut id = |random| {
        let fetch = begin(&mut sessions, full(vec![want(0, 0)]));
        sessions.finish(0, fetch, vec![nothing(Slot(0))], random).session_id
    };
    let ids: Vec<i32> = [0, 0, 1, u32::MAX, u32::MAX].into_iter().map(&mut id).collect();
    assert_eq!(ids, [1, 2, 3, i32::MAX, 4]);
}

#[test]
fn many_partitions_cost_little() {
    assert!(size_of::<Partition>() <= 64, "{} bytes", size_of::<Partition>());
    let mut sessions = Sessions::default();
    let reply = fetch(&mut sessions, full((0..10_000).map(|partition| want(partition, 0)).collect()));
    let session = &sessions.sessions[&reply.session_id];
    assert_eq!((session.len(), sessions.partitions()), (10_000, 10_000));
    for epoch in 1..20 {
        assert_eq!(fetch(&mut sessions, next(reply.session_id, epoch, vec![want(epoch, 10)])).partitions.len(), 0);
    }
}

#[test]
fn a_session_that_grows_too_large_is_closed() {
    let mut sessions = Sessions::default();
    let id = fetch(&mut sessions, full(vec![want(0, 0)])).session_id;
    let many = (0..=crate::limits::FETCH_SESSION_PARTITIONS_MAX as i32).map(|partition| want(partition, 0));
    let many: Vec<_> = many.collect();
    assert_eq!(sessions.begin(0, next(id, 1, many.clone())).err(), Some(ErrorCode::FetchSessionIdNotFound));
    assert_eq!((sessions.len(), sessions.partitions()), (0, 0));
    assert_eq!(fetch(&mut sessions, full(many)).session_id, 0);
}

#[derive(Clone, Debug)]
enum Step {
    Append(i32),
    Cut(i32),
    Fetch { wanted: Vec<(i32, i64)>, forgotten: Vec<i32>, begin_anew: bool },
}

fn step() -> impl Strategy<Value = Step> {
    let partition = || 0i32..4;
    prop_oneof![
        2 => partition().prop_map(Step::Append),
        1 => partition().prop_map(Step::Cut),
        4 => (
            prop::collection::vec((partition(), 0i64..3), 0..3),
            prop::collection::vec(partition(), 0..2),
            prop::bool::weighted(0.1),
        )
            .prop_map(|(wanted, forgotten, begin_anew)| Step::Fetch { wanted, forgotten, begin_anew }),
    ]
}

/// A consumer that believes what it is told: it must know of each of its partitions what there is.
#[derive(Default)]
struct Consumer {
    session_id: i32,
    epoch: i32,
    wanted: BTreeMap<i32, i64>,
    known: BTreeMap<i32, (i64, i64)>,
}

impl Consumer {
    fn fetch(&mut self, sessions: &mut Sessions, logs: &Logs, wanted: &[(i32, i64)], forgotten: &[i32], begin_anew: bool) {
        for (partition, offset) in wanted {
            self.wanted.insert(*partition, *offset);
        }
        for partition in forgotten {
            self.wanted.remove(partition);
            self.known.remove(partition);
        }
        if begin_anew || self.session_id == 0 {
            (self.epoch, self.known) = (0, BTreeMap::new());
        }
        let listed = if self.epoch == 0 { self.wanted.iter().map(|(a, b)| (*a, *b)).collect() } else { wanted.to_vec() };
        let request = FetchRequest {
            session_id: self.session_id,
            epoch: self.epoch,
            forgotten: forgotten.iter().map(|partition| (name("t"), *partition)).collect(),
            ..full(listed.into_iter().map(|(partition, offset)| want(partition, offset)).collect())
        };
        let fetch = sessions.begin(0, request).expect("in order");
        let read: BTreeMap<i32, i64> =
            sessions.partitions_of(&fetch).map(|(_, wanted)| (wanted.partition, wanted.fetch_offset)).collect();
        if !self.wanted.is_empty() {
            assert_eq!(read, self.wanted, "the session reads what the consumer wants");
        }
        let found = sessions.partitions_of(&fetch).map(|(slot, wanted)| {
            let (high_watermark, log_start_offset) = logs[&wanted.partition];
            let Outcome { records_bytes, error, has_preferred_replica, is_diverging, .. } = nothing(slot);
            let payload = (high_watermark, log_start_offset);
            Outcome {
                slot,
                records_bytes,
                high_watermark,
                log_start_offset,
                error,
                has_preferred_replica,
                is_diverging,
                is_at_end: true,
                payload,
            }
        });
        let found: Vec<_> = found.collect();
        let reply = sessions.finish(0, fetch, found, 77);
        sessions.check();
        (self.session_id, self.epoch) = (reply.session_id, self.epoch + 1);
        for answer in reply.partitions {
            let before = self.known.insert(answer.partition, answer.payload);
            assert_ne!(before, Some(answer.payload), "only news is told");
        }
        for partition in self.wanted.keys() {
            assert_eq!(self.known.get(partition), logs.get(partition), "the consumer knows what there is");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_consumer_in_a_session_knows_as_much_as_one_without(
        steps in prop::collection::vec(step(), 1..60),
        slots in select(vec![0usize, 1, 5]),
    ) {
        let mut sessions = Sessions::new(slots);
        let mut logs: Logs = (0..4).map(|partition| (partition, (0, 0))).collect();
        let mut consumer = Consumer::default();
        for step in steps {
            match step {
                Step::Append(partition) => logs.entry(partition).or_default().0 += 1,
                Step::Cut(partition) => logs.entry(partition).or_default().1 += 1,
                Step::Fetch { wanted, forgotten, begin_anew } => {
                    consumer.fetch(&mut sessions, &logs, &wanted, &forgotten, begin_anew);
                }
            }
        }
    }
}
