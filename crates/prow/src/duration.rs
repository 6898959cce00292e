//! Durations as Go writes them: `1h30m`, `1.5s`, `250ms`.

use std::fmt::Write as _;
use std::time::Duration;

const NANOS: [(&str, u64); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("μs", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60 * 1_000_000_000),
    ("h", 3600 * 1_000_000_000),
];

/// Reads what Go's `time.ParseDuration` reads.
///
/// # Errors
/// A text that is no duration, is negative (no setting of ours means anything below zero) or exceeds Go's range of
/// about 292 years; the error says what a duration looks like.
pub fn parse_go_duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is not a duration: write it like `90s`, `10m` or `1h30m`");
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    if rest.starts_with('-') {
        return Err(format!("`{text}` is negative: write a duration of zero or more, like `10m`"));
    }
    if rest == "0" {
        return Ok(Duration::ZERO);
    }
    if rest.is_empty() {
        return Err(wrong());
    }
    let mut total: u64 = 0;
    while !rest.is_empty() {
        let number_end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or_else(wrong)?;
        let (number, tail) = rest.split_at(number_end);
        let unit_end = tail.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(unit_end);
        let (_, nanos) = NANOS.iter().find(|(name, _)| *name == unit).ok_or_else(wrong)?;
        let part = nanos_of(number, *nanos).ok_or_else(wrong)?;
        total = total.checked_add(part).filter(|total| i64::try_from(*total).is_ok()).ok_or_else(wrong)?;
        rest = tail;
    }
    Ok(Duration::from_nanos(total))
}

/// Writes what Go's `Duration.String` writes: `1h30m0s`, `1.5s`, `250ms`, `0s`.
pub fn format_go_duration(duration: Duration) -> String {
    let nanos = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
    if nanos == 0 {
        return "0s".to_owned();
    }
    if nanos < 1_000_000_000 {
        let (unit, scale) = if nanos < 1_000 {
            ("ns", 1)
        } else if nanos < 1_000_000 {
            ("µs", 1_000)
        } else {
            ("ms", 1_000_000)
        };
        return format!("{}{unit}", decimal(nanos, scale));
    }
    let minutes = nanos / (60 * 1_000_000_000);
    let seconds = decimal(nanos % (60 * 1_000_000_000), 1_000_000_000);
    let mut text = String::new();
    if minutes >= 60 {
        let _ = write!(text, "{}h", minutes / 60);
    }
    if minutes > 0 {
        let _ = write!(text, "{}m", minutes % 60);
    }
    let _ = write!(text, "{seconds}s");
    text
}

/// `value / scale` without trailing zeros.
fn decimal(value: u64, scale: u64) -> String {
    let digits = scale.to_string().len() - 1;
    let fraction = format!("{:0digits$}", value % scale);
    let fraction = fraction.trim_end_matches('0');
    if scale == 1 || fraction.is_empty() {
        return (value / scale).to_string();
    }
    format!("{}.{fraction}", value / scale)
}

/// Go's own steps, since a fraction is scaled as a floating-point number, and which of its digits count is a matter of
/// overflow.
fn nanos_of(number: &str, unit: u64) -> Option<u64> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') {
        return None;
    }
    let whole: u64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let nanos = whole.checked_mul(unit)?;
    let (mut digits, mut scale) = (0u64, 1f64);
    for digit in fraction.bytes() {
        let more = digits.checked_mul(10).and_then(|digits| digits.checked_add(u64::from(digit - b'0')));
        let Some(more) = more.filter(|more| *more <= 1 << 63) else { break };
        (digits, scale) = (more, scale * 10.0);
    }
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "so does Go, and the part is less than one unit"
    )]
    let part = (digits as f64 * (unit as f64 / scale)) as u64;
    nanos.checked_add(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, want: Option<Duration>, written: &str) {
        let read = parse_go_duration(text);
        assert_eq!(read.as_ref().ok(), want.as_ref(), "{text:?}: {read:?}");
        if let Ok(read) = read {
            assert_eq!(format_go_duration(read), written, "{text:?}");
        }
    }

    #[test]
    fn durations_as_go_reads_and_writes_them() {
        let secs = |secs| Some(Duration::from_secs(secs));
        check("1h30m", secs(5400), "1h30m0s");
        check("48h0m0s", secs(48 * 3600), "48h0m0s");
        check("120m", secs(7200), "2h0m0s");
        check("90s", secs(90), "1m30s");
        check("1.5s", Some(Duration::from_millis(1500)), "1.5s");
        check(".5s", Some(Duration::from_millis(500)), "500ms");
        check("1.s", secs(1), "1s");
        check("250ms", Some(Duration::from_millis(250)), "250ms");
        check("5us", Some(Duration::from_micros(5)), "5µs");
        check("5µs", Some(Duration::from_micros(5)), "5µs");
        check("7ns", Some(Duration::from_nanos(7)), "7ns");
        check("+1s", secs(1), "1s");
        check("0", secs(0), "0s");
        check("0s", secs(0), "0s");
        check("1s1h", secs(3601), "1h0m1s");
        check("0.100000000000000000000h", secs(360), "6m0s");
    }

    #[test]
    fn what_go_refuses_is_refused() {
        for text in ["", "1", "h", "1d", "1h 30m", "-1s", "1..5s", ".s", "1hs", "99999999h", "1e3s", "s1"] {
            check(text, None, "");
        }
    }
}
