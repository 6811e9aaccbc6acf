//! Server-sent events, and which change each of them is.

use std::borrow::Cow;

use serde::Deserialize;

use crate::payload;

/// The text of a stream, cut into events at empty lines.
#[derive(Debug, Default)]
pub(crate) struct Events {
    text: Vec<u8>,
}

impl Events {
    /// What comes is appended here.
    pub(crate) fn text(&mut self) -> &mut Vec<u8> {
        &mut self.text
    }

    /// Hands on each event that is whole and has data. The others are heartbeats, and say where the stream is.
    pub(crate) fn take(&mut self, mut each: impl FnMut(&[u8])) {
        let mut from = 0;
        while let Some(end) = self.text[from..].windows(2).position(|pair| pair == b"\n\n") {
            let event = &self.text[from..from + end];
            if data(event).is_some() {
                each(event);
            }
            from += end + 2;
        }
        self.text.drain(..from);
        if self.text.is_empty() {
            // Thousands of watchers do not keep the room of their largest event.
            self.text = Vec::new();
        }
    }
}

/// What an event says of a change.
#[derive(Deserialize)]
struct Change<'a> {
    position: i64,
    #[serde(borrow)]
    value: Cow<'a, str>,
}

/// The events that come, each known from when it came first.
#[derive(Debug)]
pub(crate) struct Expected {
    producer: u64,
    /// The change that came last, and its bytes.
    known: Option<(u64, Vec<u8>)>,
    /// By serial: where watchers were told that a change is, and where its writer was.
    told: Vec<Option<i64>>,
    acknowledged: Vec<Option<i64>>,
}

impl Expected {
    pub(crate) fn of(producer: u64) -> Expected {
        Expected { producer, known: None, told: Vec::new(), acknowledged: Vec::new() }
    }

    /// Which change an event is; none if it is not one that was published, or not as it was.
    pub(crate) fn serial(&mut self, event: &[u8]) -> Option<u64> {
        if let Some((serial, bytes)) = &self.known
            && bytes == event
        {
            return Some(*serial);
        }
        let change: Change<'_> = serde_json::from_slice(data(event)?).ok()?;
        let stamp = payload::read(change.value.as_bytes()).filter(|stamp| stamp.intact && stamp.producer == self.producer)?;
        let id: i64 = std::str::from_utf8(field(event, b"id:")?).ok()?.parse().ok()?;
        let at = place(&mut self.told, stamp.serial)?;
        if id != change.position || at.is_some_and(|known| known != id) {
            return None;
        }
        *at = Some(id);
        self.known = Some((stamp.serial, event.to_vec()));
        Some(stamp.serial)
    }

    /// Notes where a writer was told that its change is.
    pub(crate) fn acknowledged(&mut self, serial: u64, position: i64) {
        if let Some(at) = place(&mut self.acknowledged, serial) {
            *at = Some(position);
        }
    }

    /// Changes of which writer and watchers were told different things.
    pub(crate) fn misplaced(&self) -> u64 {
        let both = self.told.iter().zip(&self.acknowledged);
        both.filter(|(told, acknowledged)| told.is_some() && acknowledged.is_some() && told != acknowledged).count() as u64
    }
}

/// Room for a change; changes are published one after the other, so that no other comes.
fn place(places: &mut Vec<Option<i64>>, serial: u64) -> Option<&mut Option<i64>> {
    let serial = usize::try_from(serial).ok()?;
    if serial == places.len() {
        places.push(None);
    }
    places.get_mut(serial)
}

fn data(event: &[u8]) -> Option<&[u8]> {
    field(event, b"data:")
}

/// The value of a field of an event.
fn field<'a>(event: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    event.split(|byte| *byte == b'\n').find_map(|line| line.strip_prefix(name)).map(<[u8]>::trim_ascii)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(serial: u64, position: i64) -> Vec<u8> {
        let mut value = payload::blank(5, 60);
        let filler = payload::filler_hash(&value);
        payload::set_producer(&mut value, 5);
        payload::set_serial(&mut value, 5, serial, filler);
        let value = String::from_utf8(value).expect("it is text");
        let data = format!(r#"{{"action":"config.updated","position":{position},"value":"{value}"}}"#);
        format!("id: {position}\nevent: config.updated\ndata: {data}").into_bytes()
    }

    #[test]
    fn events_are_cut_wherever_the_stream_is() {
        let stream = [b"retry: 1000\nid: 7\n\n", &event(0, 8)[..], b"\n\n: still there\n\n", &event(1, 9), b"\n\n"].concat();
        for cut in 0..stream.len() {
            let (mut events, mut taken) = (Events::default(), Vec::new());
            for part in [&stream[..cut], &stream[cut..]] {
                events.text().extend_from_slice(part);
                events.take(|event| taken.push(event.to_vec()));
            }
            assert_eq!(taken, [event(0, 8), event(1, 9)], "{cut}");
        }
    }

    #[test]
    fn an_event_is_the_change_that_was_published() {
        let mut expected = Expected::of(5);
        assert_eq!(expected.serial(&event(0, 8)), Some(0));
        assert_eq!(expected.serial(&event(0, 8)), Some(0), "for the next watcher");
        assert_eq!(expected.serial(&event(0, 9)), None, "at another position");
        assert_eq!(expected.serial(&event(3, 9)), None, "that was not published yet");
        assert_eq!(expected.serial(&event(1, 9)), Some(1));
        let mut changed = event(1, 9);
        let last = changed.len() - 3;
        changed[last] ^= 1;
        assert_eq!(expected.serial(&changed), None);
        assert_eq!(Expected::of(6).serial(&event(0, 8)), None, "of somebody else");
        expected.acknowledged(0, 8);
        expected.acknowledged(1, 10);
        assert_eq!(expected.misplaced(), 1);
    }
}
