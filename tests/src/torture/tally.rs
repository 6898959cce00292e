//! What the rounds of a test have come to, and the file in which a long one keeps that.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;

use anyhow::{Context as _, ensure};
use serde::{Deserialize, Serialize};

use super::Settings;
use super::play::Played;

/// Of one round, or of all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Rounds.
    pub rounds: u64,
    /// Kills by their sort.
    pub kills: BTreeMap<String, usize>,
    /// Kills with an intent in the inbox and no result.
    pub between: usize,
    /// Faults by their names.
    pub faults: BTreeMap<String, usize>,
    /// Webhooks.
    pub events: usize,
    /// Attempts to deliver one that were not answered with 200, so that it was posted again.
    pub refused: usize,
    /// Webhooks that were answered with 200 and posted once more all the same.
    pub repeated: usize,
    /// Webhooks that were acknowledged and are not done, and things that an undisturbed run leaves and this one did not.
    pub lost: usize,
    /// Things that this run leaves and an undisturbed one does not.
    pub doubled: usize,
    /// Tasks that failed or were given up.
    pub failed: u64,
    /// Tasks of which an effect may or may not have happened.
    pub unknown: u64,
}

impl Tally {
    /// Of one round.
    #[must_use]
    pub fn of(played: &Played) -> Self {
        let mut kills = BTreeMap::new();
        for (end, _) in &played.kills {
            *kills.entry(end.sort().to_owned()).or_default() += 1;
        }
        let differs = |sign: &str| played.differs.iter().filter(|line| line.starts_with(sign)).count();
        let [failed, dead, unknown] = played.bad;
        Self {
            rounds: 1,
            kills,
            between: played.kills.iter().filter(|(_, in_doubt)| *in_doubt > 0).count(),
            faults: played.faults.clone(),
            events: played.carried.events,
            refused: played.carried.refused,
            repeated: played.carried.repeated,
            lost: played.lost.len() + differs("-"),
            doubled: differs("+"),
            failed: failed + dead,
            unknown,
        }
    }

    /// Adds another.
    pub fn add(&mut self, other: &Self) {
        self.rounds += other.rounds;
        for (own, others) in [(&mut self.kills, &other.kills), (&mut self.faults, &other.faults)] {
            for (name, count) in others {
                *own.entry(name.clone()).or_default() += count;
            }
        }
        self.between += other.between;
        self.events += other.events;
        self.refused += other.refused;
        self.repeated += other.repeated;
        self.lost += other.lost;
        self.doubled += other.doubled;
        self.failed += other.failed;
        self.unknown += other.unknown;
    }

    /// All kills.
    #[must_use]
    pub fn killed(&self) -> usize {
        self.kills.values().sum()
    }

    /// All faults.
    #[must_use]
    pub fn faulted(&self) -> usize {
        self.faults.values().sum()
    }

    /// Whether a conversation that was tortured so came out as it should, and was tortured indeed.
    ///
    /// # Errors
    /// What is wrong.
    pub fn judge(&self) -> anyhow::Result<()> {
        ensure!(self.lost == 0 && self.doubled == 0, "{} lost, {} doubled", self.lost, self.doubled);
        ensure!(self.failed == 0 && self.unknown == 0, "{} tasks failed, {} unknown", self.failed, self.unknown);
        let shown = self.between > 0 || self.killed() == 0;
        ensure!(shown, "no kill fell between an intent and its result: the test has shown nothing");
        Ok(())
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sorts = |counts: &BTreeMap<String, usize>| {
            let all: Vec<_> = counts.iter().map(|(name, count)| format!("{count} {name}")).collect();
            all.join(", ")
        };
        write!(f, "{} kills ({})", self.killed(), sorts(&self.kills))?;
        write!(f, ", {} of them between an intent and its result; ", self.between)?;
        write!(f, "{} request faults ({}); ", self.faulted(), sorts(&self.faults))?;
        write!(f, "{} events, {} refused attempts, {} repeated; ", self.events, self.refused, self.repeated)?;
        write!(f, "{} lost, {} doubled, {} failed, {} unknown", self.lost, self.doubled, self.failed, self.unknown)
    }
}

/// The settings, then a tally for each round, each a line of JSON.
#[derive(Debug)]
pub struct Progress(File);

impl Progress {
    /// Opens the file, and reads what earlier runs with the same settings have come to; begins one where there is none.
    ///
    /// # Errors
    /// If it is of other settings, or cannot be read or written.
    pub fn open(path: &Path, settings: &Settings) -> anyhow::Result<(Self, Tally)> {
        let context = || format!("the progress in {}", path.display());
        let text = if path.exists() { fs::read_to_string(path).with_context(context)? } else { String::new() };
        let mut file = File::options().create(true).append(true).open(path).with_context(context)?;
        // A line that was cut off is a round that is played again.
        let whole = text.rfind('\n').map_or("", |end| &text[..=end]);
        file.set_len(u64::try_from(whole.len())?).with_context(context)?;
        let mut whole = whole.lines();
        match whole.next() {
            Some(first) => {
                let begun: Settings = serde_json::from_str(first).with_context(context)?;
                ensure!(begun == *settings, "{} is of {begun}: give the same, or another file", path.display());
            }
            None => write_line(&mut file, settings).with_context(context)?,
        }
        let mut sum = Tally::default();
        for line in whole {
            sum.add(&serde_json::from_str(line).with_context(context)?);
        }
        Ok((Self(file), sum))
    }

    /// Adds a round.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn add(&mut self, round: &Tally) -> anyhow::Result<()> {
        write_line(&mut self.0, round).context("writing the progress")
    }
}

fn write_line(file: &mut File, line: &impl Serialize) -> anyhow::Result<()> {
    let mut line = serde_json::to_vec(line)?;
    line.push(b'\n');
    file.write_all(&line)?;
    Ok(file.sync_data()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(between: usize, lost: usize) -> Tally {
        let kills = [("at the disk".to_owned(), 2)].into();
        Tally { rounds: 1, kills, between, lost, ..Tally::default() }
    }

    #[test]
    fn a_run_that_was_cut_off_goes_on_where_it_was() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("progress");
        let settings = Settings { seed: 7, kills: 4, faults: 0, threads: 1, steps: 1, several: false };
        let (mut progress, sum) = Progress::open(&file, &settings).unwrap();
        assert_eq!(sum, Tally::default());
        progress.add(&tally(1, 0)).unwrap();
        File::options().append(true).open(&file).unwrap().write_all(b"{\"rounds\":1,").unwrap();
        let (mut progress, sum) = Progress::open(&file, &settings).unwrap();
        assert_eq!((sum.rounds, sum.killed()), (1, 2));
        progress.add(&tally(1, 0)).unwrap();
        let (_, sum) = Progress::open(&file, &settings).unwrap();
        assert_eq!((sum.rounds, sum.killed()), (2, 4));
        let other = Settings { seed: 8, ..settings };
        assert!(Progress::open(&file, &other).unwrap_err().to_string().contains("seed 7"));
    }

    #[test]
    fn a_test_that_has_shown_nothing_has_failed() {
        assert!(tally(1, 0).judge().is_ok());
        assert!(tally(0, 0).judge().unwrap_err().to_string().contains("shown nothing"));
        assert!(tally(1, 1).judge().unwrap_err().to_string().contains("1 lost"));
    }
}
