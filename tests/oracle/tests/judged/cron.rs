//! Schedules: their next three times.

use jiff::Timestamp;
use prow::cron::Cron;
use serde_json::json;

use crate::judge::{Case, Known};

/// A Wednesday, a little after 17:45:59.
const NOON: &str = "2026-07-15T17:45:59.123456789Z";
/// The last second of a year before a leap year.
const NEW_YEAR: &str = "2027-12-31T23:59:59Z";

const SAME: &[&str] = &[
    // Five fields and six.
    "* * * * *",
    "* * * * * *",
    "0 * * * *",
    "30 6 * * *",
    "0 0 1 * *",
    "0 0 1 1 *",
    "15 30 6 * * *",
    "*/15 * * * * *",
    "59 59 23 31 12 *",
    "0 12 * * 1",
    "0 0 29 2 *",
    "0 0 30 2 *",
    "0 0 31 * *",
    "0 0 31 4,6,9,11 *",
    "0 0 29 2 1",
    "  0   12 *\t* * ",
    "0\u{a0}12 * * *",
    "? ? ? ? ?",
    "0 0 ? * 1",
    "0 0 1 * ?",
    "0 0 13 * 5",
    "0 0 13,14 * 5,6",
    // Lists, ranges and steps.
    "0,30 * * * *",
    "0-5 * * * *",
    "*/5 * * * *",
    "3/20 * * * *",
    "10-40/10 * * * *",
    "0 9-17/4 * * 1-5",
    "5,10-12,50/3 * * * *",
    "0 0 */10 * *",
    "0 0 1-31/7 * *",
    "0 0 */1 * 1",
    "0 0 */2 * 1",
    "0 0 15 * */1",
    "0 0 15 * */3",
    "0 0 * */4 *",
    "0 */7 * * *",
    "59 23 * * *",
    "*/59 * * * *",
    "*/60 * * * *",
    "*/100 * * * *",
    "*/9223372036854775807 * * * *",
    "*/9223372036854775808 * * * *",
    "0 0 1,15 * 3",
    "0 0 * * 0,6",
    "0-59 0-23 1-31 1-12 0-6",
    "5-5 * * * *",
    "1,1,1 * * * *",
    "*,5 * * * *",
    "0 0 *,5 * 1",
    "00 007 * * *",
    "+5 * * * *",
    "0 0 *-5 * 1",
    "*-1-2 * * * *",
    "*-x * * * *",
    "?-3/7 * * * *",
    "*/+5 * * * *",
    // Names.
    "0 0 1 jan *",
    "0 0 1 JAN,Jul *",
    "0 0 1 feb-apr *",
    "0 0 * * mon",
    "0 0 * * Mon-Fri",
    "0 0 * * SUN,sat",
    "0 0 * * mon-fri/2",
    "0 0 1 jan/3 *",
    "0 0 1 1-dec *",
    "0 0 * * sun-6",
    "0 0 * * fri/1",
    "jan 0 * * *",
    "0 0 * * jan",
    "0 0 1 mon *",
    "0 0 * * monday",
    "0 0 1 january *",
    "0 0 * * fri-mon",
    "0 0 * jan-feb-mar *",
    // Nothing allowed: never.
    ", * * * *",
    "* ,, * * *",
    "0 0 , * *",
    "0 0 , * 1",
    "0 0 , , ,",
    "5, * * * *",
    ",5 * * * *",
    // Descriptors.
    "@yearly",
    "@annually",
    "@monthly",
    "@weekly",
    "@daily",
    "@midnight",
    "@hourly",
    "@every 1h",
    "@every 1h30m5s",
    "@every 90s",
    "@every 1ms",
    "@every 1.5s",
    "@every 0",
    "@every 1500ms",
    "@every 24h",
    "@every 1000000h",
    "@every 1h ",
    "@every  1h",
    "@every",
    "@every ",
    "@every 1d",
    "@every1h",
    "@Daily",
    "@daily ",
    " @daily",
    "@reboot",
    "@",
    "@weekdays",
    "@every 1h 30m",
    "@daily 5",
    // What is wrong.
    "",
    " ",
    "*",
    "* * * *",
    "* * * * * * *",
    "60 * * * *",
    "* 24 * * *",
    "* * 0 * *",
    "* * 32 * *",
    "* * * 0 *",
    "* * * 13 *",
    "* * * * 7",
    "60 * * * * *",
    "-1 * * * *",
    "1- * * * *",
    "-",
    "1-2-3 * * * *",
    "5-1 * * * *",
    "1/2/3 * * * *",
    "*/0 * * * *",
    "*/ * * * *",
    "/5 * * * *",
    "*/-5 * * * *",
    "*/a * * * *",
    "a * * * *",
    "1.5 * * * *",
    "5# * * * *",
    "0 0 L * *",
    "0 0 1W * *",
    "0 0 * * 1#2",
    "H * * * *",
    "** * * * *",
    "1_0 * * * *",
    "0x5 * * * *",
    "5-60 * * * *",
    "70/5 * * * *",
    "99999999999999999999 * * * *",
    "*5 * * * *",
    "٣ * * * *",
    "5;6 * * * *",
    "0 0 0 * * 2026 *",
    "-5 * * * *",
    "5--6 * * * *",
    "1 - 5 * * *",
    // A time zone cannot be registered in Prow.
    "TZ=UTC 0 0 * * *",
    "CRON_TZ=Europe/Berlin 0 0 * * *",
    "TZ=Nowhere 0 0 * * *",
    "TZ=UTC",
    "TZ=UTC @daily",
    "tz=UTC 0 0 * * *",
];

/// Go takes a duration below zero for one second.
const REFUSED: &[(&str, &str)] = &[("@every -5m", "is negative"), ("@every -0", "is negative")];

/// Where the year turns, and where a search for a leap day ends.
const AT_NEW_YEAR: &[&str] = &[
    "* * * * *",
    "@monthly",
    "@weekly",
    "@every 1h",
    "0 0 29 2 *",
    "0 0 29 2 0",
    "0 0 1 1 0",
    "59 59 23 31 12 *",
    "0 0 29 2 ?",
    "30 23 31 dec *",
    "0 0 29 2 */2",
];

pub(crate) fn cases() -> Vec<Case> {
    let same = SAME.iter().map(|input| case(input, NOON, Known::Same));
    let refused = REFUSED.iter().map(|(input, words)| case(input, NOON, Known::Refused(words)));
    same.chain(refused).chain(AT_NEW_YEAR.iter().map(|input| case(input, NEW_YEAR, Known::Same))).collect()
}

fn case(input: &str, after: &str, known: Known) -> Case {
    let ours = Cron::parse(input).map(|cron| {
        let first = cron.next_after(after.parse().unwrap());
        let times = std::iter::successors(first, |last: &Timestamp| cron.next_after(*last));
        times.take(3).map(|time| time.to_string()).collect()
    });
    Case { question: json!({"kind": "cron", "input": input, "after": after}), ours, known }
}
