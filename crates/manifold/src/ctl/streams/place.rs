//! Where in a partition, as people write it, and times as they read them.

use std::{
    fmt,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use crate::config;

/// The timestamp that asks ListOffsets for where a partition ends.
pub(super) const LATEST: i64 = -1;
/// The timestamp that asks ListOffsets for where a partition begins.
pub(super) const EARLIEST: i64 = -2;

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
const EXPECTED: &str = "is no place in a partition; write earliest, latest, an offset like 1500, a time like 2026-11-28T13:00:00Z, \
                        or how long ago like 15m";

/// A place that is the same in words for every partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// The first record that is still there.
    Earliest,
    /// Behind the last one.
    Latest,
    /// This offset.
    Offset(i64),
    /// The first record that is not older, in ms since 1970.
    Time(i64),
}

impl Place {
    /// "earliest", "latest", "1500", "2026-11-28T13:00:00Z", "15m".
    pub(crate) fn parse(text: &str) -> Result<Place, String> {
        match text {
            "earliest" => return Ok(Place::Earliest),
            "latest" => return Ok(Place::Latest),
            _ => {}
        }
        if text.bytes().all(|digit| digit.is_ascii_digit()) {
            return text.parse().map(Place::Offset).map_err(|_| EXPECTED.to_owned());
        }
        if let Some(time) = time(text) {
            return Ok(Place::Time(time));
        }
        let ago = config::duration(text).map_err(|_| EXPECTED)?;
        Ok(Place::Time(wall_ms().saturating_sub(millis(ago)).max(0)))
    }

    /// What ListOffsets is asked for; none if there is nothing to ask.
    pub(super) fn timestamp(self) -> Option<i64> {
        match self {
            Place::Earliest => Some(EARLIEST),
            Place::Latest => Some(LATEST),
            Place::Time(time) => Some(time),
            Place::Offset(_) => None,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Earliest => f.write_str("earliest"),
            Place::Latest => f.write_str("latest"),
            Place::Offset(offset) => write!(f, "offset {offset}"),
            Place::Time(time) => f.write_str(&readable_time(*time)),
        }
    }
}

/// Milliseconds since 1970.
pub(super) fn wall_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, millis)
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// RFC 3339 in UTC, like 2026-11-28T13:00:00.000Z; a record without a time has none.
pub(in crate::ctl) fn readable_time(time: i64) -> String {
    if time < 0 {
        return "-".to_owned();
    }
    let (year, month, day) = date(time.div_euclid(DAY_MS));
    let rest = time.rem_euclid(DAY_MS);
    let (hour, minute, second, ms) = (rest / 3_600_000, rest / 60_000 % 60, rest / 1_000 % 60, rest % 1_000);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{ms:03}Z")
}

/// RFC 3339, with "Z" or an offset like "+02:00", and with or without fractions of a second, in ms since 1970.
fn time(text: &str) -> Option<i64> {
    let (date_text, rest) = text.split_once(['T', 't', ' '])?;
    let [year, month, day] = numbers(date_text, '-', [4, 2, 2])?;
    let zone_at = rest.find(['Z', 'z', '+', '-'])?;
    let (clock, zone) = rest.split_at(zone_at);
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
    let [hour, minute, second] = numbers(clock, ':', [2, 2, 2])?;
    if fraction.is_empty() || !fraction.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let ms: i64 = fraction.chars().chain("000".chars()).take(3).collect::<String>().parse().ok()?;
    let zone_minutes = match zone {
        "Z" | "z" => 0,
        _ => {
            let [hours, minutes] = numbers(zone.get(1..)?, ':', [2, 2])?;
            let ahead = hours * 60 + minutes;
            if zone.starts_with('-') { -ahead } else { ahead }
        }
    };
    let days = days(year, month, day);
    let is_date = (1..=12).contains(&month) && date(days) == (year, month, day);
    let is_clock = hour < 24 && minute < 60 && second < 60;
    let time = days * DAY_MS + (hour * 60 + minute - zone_minutes) * 60_000 + second * 1_000 + ms;
    (is_date && is_clock && time >= 0).then_some(time)
}

fn numbers<const N: usize>(text: &str, separator: char, digits: [usize; N]) -> Option<[i64; N]> {
    let mut out = [0; N];
    let mut parts = text.split(separator);
    for (out, digits) in out.iter_mut().zip(digits) {
        let part = parts.next().filter(|part| part.len() == digits && part.bytes().all(|digit| digit.is_ascii_digit()))?;
        *out = part.parse().ok()?;
    }
    parts.next().is_none().then_some(out)
}

/// Days from 1970-01-01 to a date of the Gregorian calendar. Years begin in March, so that a leap day is their last one.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + of_year - 719_468
}

/// The date that is so many days after 1970-01-01: a guess that is never too late, and then the year and month that it lies in.
fn date(days_wanted: i64) -> (i64, i64, i64) {
    let mut year = 1970 + days_wanted.div_euclid(366);
    while days(year + 1, 1, 1) <= days_wanted {
        year += 1;
    }
    let month = (1..=12).rev().find(|month| days(year, *month, 1) <= days_wanted).unwrap_or(1);
    (year, month, days_wanted - days(year, month, 1) + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read() {
        assert_eq!(Place::parse("earliest"), Ok(Place::Earliest));
        assert_eq!(Place::parse("latest"), Ok(Place::Latest));
        assert_eq!(Place::parse("1500"), Ok(Place::Offset(1_500)));
        assert_eq!(Place::parse("1970-01-01T00:00:01.5Z"), Ok(Place::Time(1_500)));
        assert_eq!(Place::parse("2026-11-28T15:00:00+02:00"), Ok(Place::Time(1_795_870_800_000)));
        assert_eq!(Place::parse("2026-11-28 13:00:00Z"), Ok(Place::Time(1_795_870_800_000)));
        let Ok(Place::Time(ago)) = Place::parse("15m") else { panic!("a duration is a time") };
        assert!((wall_ms() - 900_000 - ago).abs() < 10_000);
        for bad in
            ["", "-1", "first", "99999999999999999999", "2026-02-29T00:00:00Z", "2026-11-28T24:00:00Z", "2026-11-28T13:00:00"]
        {
            assert!(Place::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn times_come_back() {
        assert_eq!(readable_time(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(readable_time(1_709_208_000_123), "2024-02-29T12:00:00.123Z");
        assert_eq!(readable_time(-1), "-");
        for day in (0..200_000).step_by(7) {
            let at = day * DAY_MS + 12_345_678;
            assert_eq!(time(&readable_time(at)), Some(at));
        }
    }
}
