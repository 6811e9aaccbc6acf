//! Times as people and programs write them: RFC 3339, in UTC, to the millisecond.

/// Milliseconds of a day.
const DAY_MS: u64 = 24 * 60 * 60 * 1_000;

/// Years that are written with four digits.
const YEAR_MAX: u64 = 9_999;

/// As `2026-11-29T00:30:00.000Z`.
pub(crate) fn readable(ms: u64) -> String {
    let (year, month, day) = date(ms / DAY_MS);
    let rest = ms % DAY_MS;
    let (hour, minute, second, ms) = (rest / 3_600_000, rest / 60_000 % 60, rest / 1_000 % 60, rest % 1_000);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{ms:03}Z")
}

/// Reads such a text, with `Z` and with or without fractions of a second, of which milliseconds count.
pub(crate) fn parse(text: &str) -> Option<u64> {
    let (date_text, clock) = text.strip_suffix(['Z', 'z'])?.split_once(['T', 't', ' '])?;
    let [year, month, day] = numbers(date_text, '-', [4, 2, 2])?;
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
    let [hour, minute, second] = numbers(clock, ':', [2, 2, 2])?;
    if fraction.is_empty() || !fraction.bytes().all(|digit| digit.is_ascii_digit()) || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let ms: u64 = fraction.chars().chain("000".chars()).take(3).collect::<String>().parse().ok()?;
    let days = (1970..=YEAR_MAX).contains(&year).then(|| days(year, month, day))?;
    (date(days) == (year, month, day)).then_some(days * DAY_MS + (hour * 60 + minute) * 60_000 + second * 1_000 + ms)
}

fn numbers<const N: usize>(text: &str, separator: char, digits: [usize; N]) -> Option<[u64; N]> {
    let mut out = [0; N];
    let mut parts = text.split(separator);
    for (out, digits) in out.iter_mut().zip(digits) {
        let part = parts.next().filter(|part| part.len() == digits && part.bytes().all(|digit| digit.is_ascii_digit()))?;
        *out = part.parse().ok()?;
    }
    parts.next().is_none().then_some(out)
}

fn is_leap(year: u64) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

fn days_of_month(year: u64, month: u64) -> u64 {
    match month {
        2 => 28 + u64::from(is_leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01 to a date from then on. One that there is not comes to another one.
fn days(year: u64, month: u64, day: u64) -> u64 {
    let leaps = |year: u64| year / 4 - year / 100 + year / 400;
    let years = (year - 1970) * 365 + leaps(year - 1) - leaps(1969);
    years + (1..month.min(13)).map(|month| days_of_month(year, month)).sum::<u64>() + day.saturating_sub(1)
}

/// The date that is so many days after 1970-01-01.
fn date(days_wanted: u64) -> (u64, u64, u64) {
    // A guess that is never too late.
    let mut year = 1970 + days_wanted / 366;
    while days(year + 1, 1, 1) <= days_wanted {
        year += 1;
    }
    let mut rest = days_wanted - days(year, 1, 1);
    let mut month = 1;
    while rest >= days_of_month(year, month) {
        rest -= days_of_month(year, month);
        month += 1;
    }
    (year, month, rest + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_and_read() {
        // `date -u -d @1795912200 +%FT%TZ` and the like.
        for (ms, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_795_912_200_123, "2026-11-29T00:30:00.123Z"),
            (4_107_542_399_999, "2100-02-28T23:59:59.999Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
        ] {
            assert_eq!(readable(ms), text);
            assert_eq!(parse(text), Some(ms), "{text}");
        }
        assert_eq!(parse("2026-11-29T00:30:00Z"), Some(1_795_912_200_000));
        assert_eq!(parse("2026-11-29t00:30:00.1239z"), Some(1_795_912_200_123));
        for days in 0..200_000 {
            let ms = days * DAY_MS + days % DAY_MS;
            assert_eq!(parse(&readable(ms)), Some(ms));
        }
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "2026-11-29",
            "2026-11-29T00:30:00",
            "2026-11-29T00:30:00+01:00",
            "2026-02-29T00:00:00Z",
            "2026-00-01T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-01-00T00:00:00Z",
            "2026-01-32T00:00:00Z",
            "1969-01-01T00:00:00Z",
            "2026-01-01T24:00:00Z",
            "2026-01-01T00:60:00Z",
            "2026-01-01T00:00:60Z",
            "2026-01-01T00:00:00.Z",
            "2026-1-1T00:00:00Z",
            "+026-01-01T00:00:00Z",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
