//! One field of a cron expression: which values it allows.

/// The values that a field allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Values {
    /// A bit for each value; none is beyond 59.
    bits: u64,
    is_star: bool,
}

impl Values {
    pub(super) fn has(&self, value: i8) -> bool {
        u32::try_from(value).is_ok_and(|value| self.bits & (1 << value) != 0)
    }

    /// Whether every value is allowed by a `*` or `?` that has no step beyond 1.
    pub(super) fn is_star(&self) -> bool {
        self.is_star
    }

    /// The allowed values from `least` on, in their order.
    pub(super) fn from(&self, least: i8) -> impl Iterator<Item = i8> {
        (least..60).filter(|value| self.has(*value))
    }
}

/// What a field is about.
pub(super) struct Field {
    name: &'static str,
    least: u8,
    most: u8,
    /// The values' names, from `least` on.
    words: &'static [&'static str],
}

pub(super) const SECOND: Field = Field { name: "second", least: 0, most: 59, words: &[] };
pub(super) const MINUTE: Field = Field { name: "minute", least: 0, most: 59, words: &[] };
pub(super) const HOUR: Field = Field { name: "hour", least: 0, most: 23, words: &[] };
pub(super) const DAY_OF_MONTH: Field = Field { name: "day of month", least: 1, most: 31, words: &[] };
pub(super) const MONTH: Field = Field {
    name: "month",
    least: 1,
    most: 12,
    words: &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
};
pub(super) const DAY_OF_WEEK: Field =
    Field { name: "day of week", least: 0, most: 6, words: &["sun", "mon", "tue", "wed", "thu", "fri", "sat"] };

impl Field {
    /// Reads a list of values, ranges and steps. Empty items of the list allow nothing, and neither does an empty list.
    pub(super) fn parse(&self, text: &str) -> Result<Values, String> {
        let mut all = Values { bits: 0, is_star: false };
        for item in text.split(',').filter(|item| !item.is_empty()) {
            let values = self.item(item).map_err(|why| format!("has a wrong {}: `{item}` {why}", self.name))?;
            all.bits |= values.bits;
            all.is_star |= values.is_star;
        }
        Ok(all)
    }

    /// `N`, `N-M`, `*` or `?`, each with or without a step. What follows a star after a hyphen counts for nothing.
    fn item(&self, item: &str) -> Result<Values, String> {
        let (range, step) = match item.split('/').collect::<Vec<_>>()[..] {
            [range] => (range, None),
            [range, step] => (range, Some(number(step)?)),
            _ => return Err("has more than one step: write `*/5` or `0-30/5`".to_owned()),
        };
        let ends: Vec<&str> = range.split('-').collect();
        let is_star = matches!(ends[0], "*" | "?");
        let (first, last) = match ends[..] {
            _ if is_star => (u64::from(self.least), u64::from(self.most)),
            [only] => (self.value(only)?, if step.is_some() { u64::from(self.most) } else { self.value(only)? }),
            [first, last] => (self.value(first)?, self.value(last)?),
            _ => return Err("has more than one hyphen: write a range like `1-5`".to_owned()),
        };
        let (least, most) = (u64::from(self.least), u64::from(self.most));
        if first < least || last > most {
            return Err(format!("is out of range: write values from {least} to {most}"));
        }
        if first > last {
            return Err("ends before it begins: write the smaller value first".to_owned());
        }
        let step = step.unwrap_or(1);
        let steps = usize::try_from(step).unwrap_or(usize::MAX);
        if steps == 0 {
            return Err("has a step of zero: write 1 or more".to_owned());
        }
        let bits = (first..=last).step_by(steps).fold(0, |bits, value| bits | 1 << value);
        Ok(Values { bits, is_star: is_star && step == 1 })
    }

    fn value(&self, text: &str) -> Result<u64, String> {
        let lower = text.to_lowercase();
        match (u64::from(self.least)..).zip(self.words).find(|(_, word)| **word == lower) {
            Some((value, _)) => Ok(value),
            None => number(text),
        }
    }
}

fn number(text: &str) -> Result<u64, String> {
    let value = text.parse::<i64>().map_err(|_| format!("needs a number where it has `{text}`"))?;
    u64::try_from(value).map_err(|_| "has a negative number".to_owned())
}
