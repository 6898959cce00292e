//! Which warnings are looked for.

use std::collections::BTreeSet;

use super::{COVERED, WARNINGS, Warning};

/// When a warning is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Set {
    /// Unless warnings are named one by one.
    Default,
    /// With `--expensive-checks`, or by its name.
    Expensive,
    /// The same; it is not expensive, but few want it.
    OptIn,
}

/// What is asked for, as Prow's flags say it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Selection<'a> {
    /// `--warnings`; none for the default ones.
    pub named: &'a [String],
    /// `--exclude-warning`, which counts over the others.
    pub excluded: &'a [String],
    /// `--expensive-checks`: where the default ones are asked for, all of them are.
    pub expensive: bool,
    /// `--include-default-warnings`: the default ones beside those that are named.
    pub with_default: bool,
}

impl Selection<'_> {
    /// The warnings that are looked for, in Prow's order.
    ///
    /// Behaviour: Prow cmd/checkconfig/main.go, `validate` and `warningEnabled`. A name to leave out may be any.
    ///
    /// # Errors
    /// The first name that is asked for and that nobody knows.
    pub fn warnings(&self) -> Result<Vec<&'static Warning>, String> {
        let is_known = |name: &&String| WARNINGS.iter().any(|warning| warning.name == name.as_str());
        if let Some(name) = self.named.iter().find(|name| !is_known(name)) {
            let known: Vec<_> = WARNINGS.iter().map(|warning| warning.name).collect();
            return Err(format!("there is no warning `{name}`: use one of {}", known.join(", ")));
        }
        let sets = self.named.is_empty() || self.with_default;
        let wanted = |warning: &&Warning| {
            let by_set = sets && (self.expensive || warning.set == Set::Default);
            let has = |names: &[String]| names.iter().any(|name| name == warning.name);
            (by_set || has(self.named)) && !has(self.excluded)
        };
        let wanted: Vec<_> = WARNINGS.iter().filter(wanted).collect();
        let names: BTreeSet<_> = wanted.iter().map(|warning| warning.name).collect();
        let is_covered = |name: &str| COVERED.iter().any(|(narrow, wide)| *narrow == name && names.contains(wide));
        Ok(wanted.into_iter().filter(|warning| !is_covered(warning.name)).collect())
    }
}
