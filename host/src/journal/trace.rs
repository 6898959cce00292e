//! What is kept of a run for whoever asks about it later.

use serde::Serialize;

/// So many denials of one run are kept word by word.
const DENIALS_TOLD: usize = 20;

/// One call as the trace keeps it.
#[derive(Clone, Debug, Serialize)]
pub struct CallTrace {
    /// `interface.function`.
    pub op: &'static str,
    /// `read`, `idempotent`, `findable` or `neither`.
    pub kind: &'static str,
    /// Answered from the journal.
    pub replayed: bool,
    /// How the call failed, for the guest to see.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Milliseconds that it took.
    pub ms: u64,
}

/// The calls of one run that were refused: by its grants, its limits or the far side.
#[derive(Clone, Debug, Default)]
pub struct Denials {
    /// How many there were.
    pub count: u64,
    /// What the guest was told, the first of them.
    pub told: Vec<String>,
}

impl Denials {
    /// Counts one, and says whether it is told of: a guest that does not heed them fills no log.
    pub(super) fn add(&mut self, told: &str) -> bool {
        self.count += 1;
        let is_told = self.told.len() < DENIALS_TOLD;
        if is_told {
            self.told.push(told.to_owned());
        }
        is_told
    }
}
