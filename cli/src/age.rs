//! Times as people read them: `3m`, `2.4s`.

use std::time::Duration;

use jiff::{Span, SpanRelativeTo, Timestamp};

/// How long ago, in the largest unit that says something: `45s`, `3m`, `7h`, `12d`.
pub(crate) fn age(since: Timestamp, now: Timestamp) -> String {
    let seconds = now.as_second().saturating_sub(since.as_second()).max(0);
    match seconds {
        ..60 => format!("{seconds}s"),
        60..3600 => format!("{}m", seconds / 60),
        3600..172_800 => format!("{}h", seconds / 3600),
        _ => format!("{}d", seconds / 86_400),
    }
}

/// How long something took: `480µs`, `12ms`, `2.4s`, `3m20s`, `1h05m`.
pub(crate) fn took(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match duration.as_micros() {
        ..1_000 => format!("{}µs", duration.as_micros()),
        1_000..1_000_000 => format!("{}ms", duration.as_millis()),
        1_000_000..60_000_000 => format!("{:.1}s", (duration.as_millis() / 100) as f64 / 10.0),
        60_000_000..3_600_000_000 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        _ => format!("{}h{:02}m", seconds / 3600, seconds / 60 % 60),
    }
}

/// How long it was from one time to another.
pub(crate) fn between(from: Timestamp, to: Timestamp) -> Duration {
    to.duration_since(from).try_into().unwrap_or_default()
}

/// Reads `90s`, `10m`, `2h30m`, `3d` (that long ago) or an RFC 3339 time.
pub(crate) fn parse_since(text: &str, now: Timestamp) -> Result<Timestamp, String> {
    if let Ok(time) = text.parse::<Timestamp>() {
        return Ok(time);
    }
    let wrong = || format!("`{text}` is neither a duration like 10m, 2h or 3d nor a time like 2026-01-31T12:00:00Z");
    let span: Span = text.parse().map_err(|_| wrong())?;
    let duration = span.to_duration(SpanRelativeTo::days_are_24_hours()).map_err(|_| wrong())?;
    now.checked_sub(duration.abs()).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_age(seconds: i64, want: &str) {
        let now = Timestamp::from_second(10_000_000).unwrap();
        assert_eq!(age(Timestamp::from_second(10_000_000 - seconds).unwrap(), now), want, "{seconds}");
    }

    #[test]
    fn an_age_is_in_one_unit() {
        check_age(-5, "0s");
        check_age(0, "0s");
        check_age(59, "59s");
        check_age(60, "1m");
        check_age(3599, "59m");
        check_age(3600, "1h");
        check_age(172_799, "47h");
        check_age(172_800, "2d");
    }

    #[track_caller]
    fn check_took(micros: u64, want: &str) {
        assert_eq!(took(Duration::from_micros(micros)), want, "{micros}");
    }

    #[test]
    fn a_duration_has_two_or_three_digits_that_matter() {
        check_took(0, "0µs");
        check_took(480, "480µs");
        check_took(12_900, "12ms");
        check_took(2_449_000, "2.4s");
        check_took(59_999_000, "59.9s");
        check_took(200_000_000, "3m20s");
        check_took(3_900_000_000, "1h05m");
    }

    #[track_caller]
    fn check_since(text: &str, want: Option<&str>) {
        let now: Timestamp = "2026-01-31T12:00:00Z".parse().unwrap();
        assert_eq!(parse_since(text, now).ok(), want.map(|it| it.parse().unwrap()), "{text}");
    }

    #[test]
    fn since_is_a_duration_or_a_time() {
        check_since("90s", Some("2026-01-31T11:58:30Z"));
        check_since("10m", Some("2026-01-31T11:50:00Z"));
        check_since("2h30m", Some("2026-01-31T09:30:00Z"));
        check_since("3d", Some("2026-01-28T12:00:00Z"));
        check_since("2026-01-01T00:00:00Z", Some("2026-01-01T00:00:00Z"));
        check_since("yesterday", None);
        check_since("10", None);
        check_since("", None);
    }
}
