use super::*;

#[track_caller]
fn check(text: &str, after: &str, want: &str) {
    let next = Cron::parse(text).unwrap().next_after(after.parse().unwrap());
    assert_eq!(next.map_or("never".to_owned(), |next| next.to_string()), want, "{text}");
}

#[test]
fn the_next_time_is_after_the_given_one() {
    check("0 12 * * *", "2026-03-01T11:59:59Z", "2026-03-01T12:00:00Z");
    check("0 12 * * *", "2026-03-01T12:00:00Z", "2026-03-02T12:00:00Z");
    check("*/20 * * * *", "2026-12-31T23:40:00.5Z", "2027-01-01T00:00:00Z");
    check("30 * * * * *", "2026-03-01T11:59:30Z", "2026-03-01T12:00:30Z");
    check("0 0 29 2 *", "2026-03-01T00:00:00Z", "2028-02-29T00:00:00Z");
    check("0 0 30 2 *", "2026-03-01T00:00:00Z", "never");
    check(", * * * *", "2026-03-01T00:00:00Z", "never");
}

#[test]
fn one_of_the_days_is_enough_where_neither_is_a_star() {
    // 13 March 2026 is a Friday.
    check("0 0 14 * fri", "2026-03-08T00:00:00Z", "2026-03-13T00:00:00Z");
    check("0 0 14 * *", "2026-03-08T00:00:00Z", "2026-03-14T00:00:00Z");
    check("0 0 * * Fri", "2026-03-08T00:00:00Z", "2026-03-13T00:00:00Z");
    check("0 0 14 * */2", "2026-03-08T00:00:00Z", "2026-03-10T00:00:00Z");
}

#[test]
fn descriptors() {
    check("@hourly", "2026-03-01T11:59:59Z", "2026-03-01T12:00:00Z");
    check("@weekly", "2026-03-01T00:00:00Z", "2026-03-08T00:00:00Z");
    check("@yearly", "2026-03-01T00:00:00Z", "2027-01-01T00:00:00Z");
    check("@every 1h30m", "2026-03-01T00:00:00.7Z", "2026-03-01T01:30:00Z");
    check("@every 10ms", "2026-03-01T00:00:00Z", "2026-03-01T00:00:01Z");
}

#[track_caller]
fn check_refused(text: &str, because: &str) {
    let why = Cron::parse(text).unwrap_err();
    assert!(why.contains(because) && why.contains(text), "{text}: {why}");
}

#[test]
fn what_is_wrong_is_named() {
    check_refused("* * * *", "has 4 fields");
    check_refused("60 * * * *", "wrong minute: `60` is out of range: write values from 0 to 59");
    check_refused("* * 0 * *", "wrong day of month");
    check_refused("* * * * 7", "wrong day of week: `7` is out of range: write values from 0 to 6");
    check_refused("* 5-3 * * *", "wrong hour: `5-3` ends before it begins");
    check_refused("*/0 * * * *", "step of zero");
    check_refused("1-2-3 * * * *", "more than one hyphen");
    check_refused("1/2/3 * * * *", "more than one step");
    check_refused("a * * * *", "needs a number where it has `a`");
    check_refused("@often", "is not known");
    check_refused("@every soon", "`soon` is not a duration");
    check_refused("TZ=Europe/Berlin 0 0 * * *", "names a time zone");
}
