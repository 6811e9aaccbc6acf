//! Which figures of `/metrics` moved while somebody looked.
//!
//! A figure is a name with all of its samples: it moved if it showed anything else on the same server at two looks. A name whose
//! labels are fixed may be looked at sample by sample. Counters must never fall while a process lives, and a family is described once.

use crate::server::metrics;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// The rest between two looks at all servers.
const PAUSE: Duration = Duration::from_millis(10);

/// What was seen so far.
#[derive(Debug, Default)]
pub struct Moves {
    /// Names that are looked at sample by sample.
    each: &'static [&'static str],
    /// What each server showed at the first look.
    first: HashMap<(u16, String), String>,
    counters: HashMap<(u16, String), f64>,
    known: BTreeSet<String>,
    moved: BTreeSet<String>,
    faults: BTreeSet<String>,
}

impl Moves {
    /// Nothing yet.
    pub fn new(each: &'static [&'static str]) -> Self {
        Self { each, ..Self::default() }
    }

    /// Takes what `server` says now.
    pub fn look(&mut self, server: u16, text: &str) {
        let mut figures: BTreeMap<&str, String> = BTreeMap::new();
        let (mut families, mut counters) = (BTreeSet::new(), BTreeSet::new());
        for line in text.lines() {
            if let Some((name, kind)) = line.strip_prefix("# TYPE ").and_then(|rest| rest.split_once(' ')) {
                if !families.insert(name) {
                    self.faults.insert(format!("{name} is described twice, which no scraper takes"));
                }
                if kind == "counter" {
                    counters.insert(name);
                }
            }
            let Some((sample, value)) = line.rsplit_once(' ').filter(|_| !line.starts_with('#')) else { continue };
            let Some(name) = sample.split('{').next().filter(|_| value.parse::<f64>().is_ok()) else { continue };
            figures.entry(name).or_default().push_str(line);
            if self.each.contains(&name) {
                figures.insert(sample, value.to_owned());
            }
            if counters.contains(name) {
                self.count(server, sample, value.parse().unwrap_or_default());
            }
        }
        for (figure, shown) in figures {
            self.known.insert(figure.to_owned());
            let first = self.first.entry((server, figure.to_owned())).or_insert_with(|| shown.clone());
            if *first != shown {
                self.moved.insert(figure.to_owned());
            }
        }
    }

    fn count(&mut self, server: u16, sample: &str, value: f64) {
        let last = self.counters.insert((server, sample.to_owned()), value).unwrap_or(0.0);
        if value < last {
            self.faults.insert(format!("the counter {sample} fell from {last} to {value}"));
        }
    }

    /// What is wrong where `still` names the figures that cannot move: one line for each of them that moved all the same or is not
    /// there, for each other one that stood still, and for each counter that fell.
    pub fn faults(&self, still: &[(&str, &str)]) -> Vec<String> {
        let named: BTreeSet<&str> = still.iter().map(|(name, _)| *name).collect();
        let mut faults: Vec<String> = self.faults.iter().cloned().collect();
        let unmoved = self.known.difference(&self.moved).filter(|figure| !named.contains(&figure[..]));
        faults.extend(unmoved.map(|figure| format!("{figure} never moved")));
        faults.extend(named.iter().filter(|name| !self.known.contains(**name)).map(|name| format!("there is no {name}")));
        faults.extend(named.iter().filter(|name| self.moved.contains(**name)).map(|name| format!("{name} moved after all")));
        faults
    }

    /// Whether there is such a figure.
    pub fn is_known(&self, figure: &str) -> bool {
        self.known.contains(figure)
    }

    /// How many figures there are.
    pub fn count_known(&self) -> usize {
        self.known.len()
    }
}

/// Looks at servers all the time until it is ended.
#[derive(Debug)]
pub struct Watcher {
    /// The ports of their HTTP doors; the end of the list is the end.
    ports: Arc<Mutex<Option<Vec<u16>>>>,
    /// Those that have shown something.
    seen: Arc<Mutex<BTreeSet<u16>>>,
    looking: JoinHandle<Moves>,
}

impl Watcher {
    /// Begins, with no servers yet.
    pub fn start(each: &'static [&'static str]) -> Self {
        let ports = Arc::new(Mutex::new(Some(Vec::new())));
        let seen = Arc::<Mutex<BTreeSet<u16>>>::default();
        let (given, found) = (ports.clone(), seen.clone());
        let looking = std::thread::spawn(move || {
            let mut moves = Moves::new(each);
            loop {
                let Some(ports) = given.lock().expect("not poisoned").clone() else { return moves };
                for port in ports {
                    // Who is down is looked at again later.
                    if let Some(text) = metrics(port) {
                        moves.look(port, &text);
                        found.lock().expect("not poisoned").insert(port);
                    }
                }
                std::thread::sleep(PAUSE);
            }
        });
        Self { ports, seen, looking }
    }

    /// Looks at this one, too.
    pub fn add(&self, port: u16) {
        self.ports.lock().expect("not poisoned").as_mut().expect("it has not ended").push(port);
    }

    /// Returns once there was a look at this one, which serves: what it does only once is seen to move from here on.
    pub fn await_look(&self, port: u16) {
        let give_up = Instant::now() + Duration::from_secs(30);
        while !self.seen.lock().expect("not poisoned").contains(&port) {
            assert!(Instant::now() < give_up, "{port} shows nothing");
            std::thread::sleep(PAUSE);
        }
    }

    /// Ends.
    pub fn finish(self) -> Moves {
        self.ports.lock().expect("not poisoned").take();
        self.looking.join().expect("looking does not panic")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_still_moves_unnamed_or_is_gone_is_told() {
        let mut moves = Moves::new(&["by_door"]);
        let text = |a: u32, b: u32, c: u32| {
            format!(
                "HTTP/1.1 200 OK\r\n# TYPE a counter\na {a}\n# TYPE by_door gauge\nby_door{{d=\"x\"}} {b}\nby_door{{d=\"y\"}} {c}\n"
            )
        };
        moves.look(1, &text(5, 1, 0));
        moves.look(1, &text(6, 2, 0));
        // Another server begins anew, and shows nothing else later.
        moves.look(2, &text(1, 9, 9));
        assert_eq!(moves.count_known(), 4);
        assert_eq!(moves.faults(&[]), ["by_door{d=\"y\"} never moved"]);
        assert_eq!(moves.faults(&[("by_door{d=\"y\"}", "")]), [""; 0]);
        let told = moves.faults(&[("by_door{d=\"y\"}", ""), ("a", ""), ("b", "")]);
        assert_eq!(told, ["there is no b", "a moved after all"]);
        moves.look(1, &text(4, 2, 1));
        assert_eq!(moves.faults(&[]), ["the counter a fell from 6 to 4"]);
    }
}
