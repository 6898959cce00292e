//! Cron expressions of periodics: five fields or six, names, ranges, steps, and descriptors like `@daily`.
//!
//! Behaviour: github.com/robfig/cron v3 with Prow's options (pkg/cron/cron.go): a field of seconds may stand in front, all
//! times are UTC, and a day has to match both of its fields if one of them is a star, else either.

mod field;
#[cfg(test)]
mod tests;

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;

use crate::duration::parse_go_duration;
use field::{DAY_OF_MONTH, DAY_OF_WEEK, HOUR, MINUTE, MONTH, SECOND, Values};

/// How many years after the present one a next time is looked for: 30 February would be looked for forever.
const YEARS_AHEAD: i16 = 5;

/// A cron expression, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cron {
    text: String,
    times: Times,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Times {
    /// At the times that all fields allow.
    Fields(Fields),
    /// So long after the last time; whole seconds, at least one.
    Every(Duration),
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Fields {
    second: Values,
    minute: Values,
    hour: Values,
    day_of_month: Values,
    month: Values,
    day_of_week: Values,
}

impl Cron {
    /// Reads an expression.
    ///
    /// # Errors
    /// Says which field is wrong, or what an expression looks like. A time zone is refused: Prow takes one when it reads
    /// its config, and then cannot schedule the job.
    pub fn parse(text: &str) -> Result<Self, String> {
        let times = if text.starts_with("TZ=") || text.starts_with("CRON_TZ=") {
            Err("names a time zone, but all jobs run by UTC: leave it out and write the hours in UTC".to_owned())
        } else if text.starts_with('@') {
            descriptor(text)
        } else {
            Fields::parse(&text.split_whitespace().collect::<Vec<_>>()).map(Times::Fields)
        };
        let times = times.map_err(|why| format!("the cron expression `{text}` {why}"))?;
        Ok(Self { text: text.to_owned(), times })
    }

    /// The first time after `after`, in whole seconds; `None` if there is none in this year and the next five.
    pub fn next_after(&self, after: Timestamp) -> Option<Timestamp> {
        let second = after.as_nanosecond().div_euclid(1_000_000_000);
        let second = Timestamp::from_second(i64::try_from(second).ok()?).ok()?;
        match &self.times {
            Times::Every(delay) => second.checked_add(*delay).ok(),
            Times::Fields(fields) => fields.first_from(second.checked_add(Duration::from_secs(1)).ok()?),
        }
    }
}

impl fmt::Display for Cron {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.text)
    }
}

fn descriptor(text: &str) -> Result<Times, String> {
    if let Some(delay) = text.strip_prefix("@every ") {
        let delay = parse_go_duration(delay).map_err(|why| format!("has no good duration: {why}"))?;
        return Ok(Times::Every(Duration::from_secs(delay.as_secs().max(1))));
    }
    let fields = match text {
        "@yearly" | "@annually" => "0 0 1 1 *",
        "@monthly" => "0 0 1 * *",
        "@weekly" => "0 0 * * 0",
        "@daily" | "@midnight" => "0 0 * * *",
        "@hourly" => "0 * * * *",
        _ => {
            return Err("is not known: use `@yearly`, `@monthly`, `@weekly`, `@daily`, `@hourly` or, with a \
                        duration like `1h30m`, `@every 1h30m`"
                .to_owned());
        }
    };
    Fields::parse(&fields.split(' ').collect::<Vec<_>>()).map(Times::Fields)
}

impl Fields {
    fn parse(fields: &[&str]) -> Result<Self, String> {
        let (second, rest) = match fields {
            [second, rest @ ..] if rest.len() == 5 => (*second, rest),
            rest => ("0", rest),
        };
        let [minute, hour, day_of_month, month, day_of_week] = rest else {
            return Err(format!(
                "has {} fields: write five (minute, hour, day of month, month, day of week), or six with the second \
                 first",
                fields.len()
            ));
        };
        Ok(Self {
            second: SECOND.parse(second)?,
            minute: MINUTE.parse(minute)?,
            hour: HOUR.parse(hour)?,
            day_of_month: DAY_OF_MONTH.parse(day_of_month)?,
            month: MONTH.parse(month)?,
            day_of_week: DAY_OF_WEEK.parse(day_of_week)?,
        })
    }

    fn first_from(&self, from: Timestamp) -> Option<Timestamp> {
        let from = TimeZone::UTC.to_datetime(from);
        let last_year = from.year().saturating_add(YEARS_AHEAD);
        let (mut date, mut earliest) = (from.date(), from.time());
        while date.year() <= last_year {
            if self.is_day(date)
                && let Some(time) = self.first_time(earliest)
            {
                return TimeZone::UTC.to_timestamp(date.to_datetime(time)).ok();
            }
            (date, earliest) = (date.tomorrow().ok()?, Time::midnight());
        }
        None
    }

    fn is_day(&self, date: Date) -> bool {
        let by_month = self.day_of_month.has(date.day());
        let by_week = self.day_of_week.has(date.weekday().to_sunday_zero_offset());
        let both = self.day_of_month.is_star() || self.day_of_week.is_star();
        self.month.has(date.month()) && if both { by_month && by_week } else { by_month || by_week }
    }

    /// The first time of a day from `earliest` on.
    fn first_time(&self, earliest: Time) -> Option<Time> {
        for hour in self.hour.from(earliest.hour()) {
            let minutes = if hour == earliest.hour() { earliest.minute() } else { 0 };
            for minute in self.minute.from(minutes) {
                let is_first = (hour, minute) == (earliest.hour(), earliest.minute());
                let seconds = if is_first { earliest.second() } else { 0 };
                if let Some(second) = self.second.from(seconds).next() {
                    return Time::new(hour, minute, second, 0).ok();
                }
            }
        }
        None
    }
}
