//! Two servers, one random sequence, and every answer compared.
//!
//! A sequence belongs to a seed. [`steps::Author`] writes it request by request (it looks at the revision that the
//! sequence has reached, so that requests for past, compacted and future revisions all come up), [`side::Side`] plays
//! each step on one server, and [`run`] compares the two answers. Nothing is compared loosely except what
//! [`answer`] says: identities, the seconds left of a lease, and orders that etcd itself leaves to chance.
//!
//! Watches are compared as whole sequences of events: each stream is asked for progress until it promises everything
//! up to the present revision, and then the two logs must hold the same. How a server packs events into responses is
//! its own matter, except that one revision may not be split.
//!
//! A difference is shown with its seed, its step, the request and both answers, and then made smaller: parts of the
//! sequence are left out, on fresh servers, as long as some difference remains.

pub mod answer;
pub mod side;
pub mod steps;
pub mod streams;

use crate::server::{Server, Settings};
use answer::Answer;
use side::Side;
use std::fmt::Write as _;
use std::time::{Duration, Instant};
use steps::{Author, Step};

/// Two servers that should answer alike.
pub struct Pair {
    /// How the one that is right by definition is started.
    pub reference: Settings,
    /// How the one in question is started.
    pub subject: Settings,
}

/// Where two servers differed.
#[derive(Debug, Clone)]
pub struct Difference {
    /// The number of the step in its sequence.
    pub step: usize,
    /// The request and both answers, for people.
    pub text: String,
}

/// What a sequence without a difference did.
#[derive(Debug, Default, Clone, Copy)]
pub struct Tally {
    /// Requests sent to each server.
    pub requests: usize,
    /// Requests that both answered with the same error.
    pub refused: usize,
    /// Watch events compared.
    pub events: usize,
    /// Watches created.
    pub watches: usize,
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.requests += other.requests;
        self.refused += other.refused;
        self.events += other.events;
        self.watches += other.watches;
    }
}

/// Plays the sequence of `seed`, of about `requests` requests, on fresh servers. The error is the whole story of the
/// first difference, made smaller if that can be done within `shrink`.
pub async fn run(pair: &Pair, seed: u64, requests: usize, shrink: Duration) -> Result<Tally, String> {
    let mut author = Author::new(seed);
    let mut played = Vec::new();
    let result = play(pair, &mut Source::Author(&mut author, requests), &mut played).await;
    let difference = match result {
        Ok(tally) => return Ok(tally),
        Err(difference) => difference,
    };
    let mut story = format!("seed {seed}, {}", difference.text);
    let (least, last) = make_smaller(pair, played, difference, shrink).await;
    let _ = write!(story, "\n\nThe shortest sequence found with a difference, {} steps:\n", least.len());
    for step in least.iter().rev().take(40).rev() {
        let _ = writeln!(story, "  {step:?}");
    }
    let _ = write!(story, "which ends so: {}", last.text);
    Err(story)
}

/// Where the steps come from: written as we go, or given.
enum Source<'a> {
    Author(&'a mut Author, usize),
    Given(&'a [Step]),
}

async fn play(pair: &Pair, source: &mut Source<'_>, played: &mut Vec<Step>) -> Result<Tally, Difference> {
    let (mut one, mut two) = tokio::join!(Server::start(pair.reference.clone()), Server::start(pair.subject.clone()));
    let mut sides = Sides { reference: Side::new(one.port), subject: Side::new(two.port), tally: Tally::default() };
    let result = play_on(&mut sides, source, played).await;
    result.map(|()| sides.tally).map_err(|mut difference| {
        for (name, server) in [("reference", &mut one), ("subject", &mut two)] {
            if let Some(status) = server.exited() {
                let _ = write!(difference.text, "\nthe {name} ended ({status}):\n{}", server.log_tail());
            }
        }
        difference
    })
}

async fn play_on(sides: &mut Sides, source: &mut Source<'_>, played: &mut Vec<Step>) -> Result<(), Difference> {
    while let Some(step) = source.next(sides) {
        played.push(step.clone());
        sides
            .play(&step)
            .await
            .map_err(|text| Difference { step: played.len() - 1, text: at(played.len() - 1, &step, &text) })?;
    }
    let last = Step::Settle;
    sides.play(&last).await.map_err(|text| Difference { step: played.len(), text: at(played.len(), &last, &text) })
}

fn at(number: usize, step: &Step, text: &str) -> String {
    format!("step {number}: {step:?}\n{text}")
}

impl Source<'_> {
    fn next(&mut self, sides: &Sides) -> Option<Step> {
        match self {
            Self::Author(author, left) => {
                let step = (*left > 0).then(|| author.next(&sides.reference.view()))?;
                *left = left.saturating_sub(step.requests().max(1));
                Some(step)
            }
            Self::Given(steps) => {
                let (first, rest) = steps.split_first()?;
                *steps = rest;
                Some(first.clone())
            }
        }
    }
}

struct Sides {
    reference: Side,
    subject: Side,
    tally: Tally,
}

impl Sides {
    async fn play(&mut self, step: &Step) -> Result<(), String> {
        let (one, two) = tokio::join!(self.reference.play(step), self.subject.play(step));
        if let Some((number, (a, b))) = one.iter().zip(&two).enumerate().find(|(_, (a, b))| a != b) {
            return Err(format!("answer {number}:\nreference: {a:?}\nsubject:   {b:?}"));
        }
        if let Some(Answer::Broken(text)) = one.iter().find(|a| matches!(a, Answer::Broken(_))) {
            return Err(format!("both are broken: {text}"));
        }
        if one.len() != two.len() {
            return Err(format!("{} and {} answers", one.len(), two.len()));
        }
        self.tally.requests += step.requests();
        self.tally.refused += one.iter().filter(|a| a.refused()).count();
        self.tally.watches += usize::from(matches!(step, Step::Watch { .. }));
        if matches!(step, Step::Settle) {
            let compacted = self.reference.view().compacted;
            self.tally.events += streams::compare(&mut self.reference.streams, &mut self.subject.streams, compacted)?;
        }
        Ok(())
    }
}

/// Leaves out parts of a sequence while a difference remains: halves first, then smaller parts.
async fn make_smaller(pair: &Pair, mut steps: Vec<Step>, first: Difference, budget: Duration) -> (Vec<Step>, Difference) {
    let end = Instant::now() + budget;
    let mut last = first;
    steps.truncate(last.step + 1);
    let mut part = steps.len() / 2;
    while part > 0 && Instant::now() < end {
        let mut from = 0;
        let mut smaller = false;
        while from + part < steps.len() && Instant::now() < end {
            let mut fewer = steps.clone();
            fewer.drain(from..from + part);
            match play(pair, &mut Source::Given(&fewer), &mut Vec::new()).await {
                Err(difference) => {
                    fewer.truncate(difference.step + 1);
                    (steps, last, smaller) = (fewer, difference, true);
                }
                Ok(_) => from += part,
            }
        }
        if !smaller || part > steps.len() / 2 {
            part /= 2;
        }
    }
    (steps, last)
}
