//! Sizes and durations as people write them.

use std::time::Duration;

const KIB: u64 = 1024;

/// "64MiB": a whole number and one of B, KiB, MiB, GiB, TiB; without a unit, bytes.
pub(crate) fn size(text: &str) -> Result<u64, &'static str> {
    const EXPECTED: &str = "is not a size; write it like 64MiB (B, KiB, MiB, GiB, TiB)";
    let (number, unit) = split(text).ok_or(EXPECTED)?;
    let factor = match unit {
        "" | "B" => 1,
        "KiB" => KIB,
        "MiB" => KIB.pow(2),
        "GiB" => KIB.pow(3),
        "TiB" => KIB.pow(4),
        _ => return Err(EXPECTED),
    };
    number.checked_mul(factor).ok_or("is more bytes than can be counted")
}

/// "10s": a whole number and one of ms, s, m, h.
pub(crate) fn duration(text: &str) -> Result<Duration, &'static str> {
    const EXPECTED: &str = "is not a duration; write it like 10s (ms, s, m, h)";
    let (number, unit) = split(text).ok_or(EXPECTED)?;
    let factor = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return Err(EXPECTED),
    };
    number.checked_mul(factor).map(Duration::from_millis).ok_or("is longer than can be counted")
}

/// A size for a person: three digits at most before the unit changes.
pub(crate) fn readable(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut scaled = bytes as f64;
    let mut unit = 0;
    while scaled >= 1000.0 && unit + 1 < UNITS.len() {
        scaled /= 1024.0;
        unit += 1;
    }
    if unit == 0 { format!("{bytes} B") } else { format!("{scaled:.1} {}", UNITS[unit]) }
}

fn split(text: &str) -> Option<(u64, &str)> {
    let end = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
    Some((text[..end].parse().ok()?, text[end..].trim_start()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read() {
        let good = [("0", 0), ("64MiB", 64 << 20), ("4 KiB", 4096), ("1TiB", 1 << 40), ("17B", 17)];
        for (text, bytes) in good {
            assert_eq!(size(text), Ok(bytes), "{text}");
        }
        for text in ["", "MiB", "64MB", "-1", "1.5GiB", "64mib", "99999999999999999999", "18446744073709551615KiB"] {
            assert!(size(text).is_err(), "{text}");
        }
    }

    #[test]
    fn durations_are_read() {
        let good = [("250ms", 250), ("10s", 10_000), ("2m", 120_000), ("1h", 3_600_000)];
        for (text, millis) in good {
            assert_eq!(duration(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        for text in ["", "10", "s", "10 seconds", "-1s"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn sizes_are_written() {
        let cases = [(0, "0 B"), (999, "999 B"), (1000, "1.0 KiB"), (64 << 20, "64.0 MiB"), (u64::MAX, "16777216.0 TiB")];
        for (bytes, text) in cases {
            assert_eq!(readable(bytes), text);
        }
    }
}
