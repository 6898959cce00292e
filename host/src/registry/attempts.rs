//! Loads that are under way: one for each plugin at the most, all beside one another.

use std::collections::BTreeMap;

use tokio::task::{AbortHandle, JoinError, JoinSet};

/// What is being loaded, by plugin. `W` is what is wanted, `T` what comes of it.
pub(super) struct Attempts<W, T> {
    running: JoinSet<T>,
    by_plugin: BTreeMap<String, UnderWay<W>>,
}

struct UnderWay<W> {
    want: W,
    task: AbortHandle,
}

/// A load that has ended.
pub(super) struct Ended<W, T> {
    pub(super) plugin: String,
    pub(super) want: W,
    /// An error is a fault of ours.
    pub(super) result: Result<T, JoinError>,
}

impl<W, T: Send + 'static> Attempts<W, T> {
    pub(super) fn new() -> Self {
        Attempts { running: JoinSet::new(), by_plugin: BTreeMap::new() }
    }

    /// Begins a load. What was under way for this plugin is cut off.
    pub(super) fn begin(&mut self, plugin: &str, want: W, load: impl Future<Output = T> + Send + 'static) {
        let task = self.running.spawn(load);
        if let Some(before) = self.by_plugin.insert(plugin.to_owned(), UnderWay { want, task }) {
            before.task.abort();
        }
    }

    /// What is wanted of the load that is under way for this plugin.
    pub(super) fn under_way(&self, plugin: &str) -> Option<&W> {
        self.by_plugin.get(plugin).map(|under_way| &under_way.want)
    }

    /// Cuts off the loads of all other plugins.
    pub(super) fn retain(&mut self, is_wanted: impl Fn(&str) -> bool) {
        self.by_plugin.retain(|plugin, under_way| {
            let stays = is_wanted(plugin);
            if !stays {
                under_way.task.abort();
            }
            stays
        });
    }

    /// How many are under way.
    pub(super) fn len(&self) -> usize {
        self.by_plugin.len()
    }

    /// The next one that ends; none if none is under way. May be cut off: nothing is lost.
    pub(super) async fn next(&mut self) -> Option<Ended<W, T>> {
        while let Some(ended) = self.running.join_next_with_id().await {
            let id = ended.as_ref().map_or_else(JoinError::id, |(id, _)| *id);
            let mut found = self.by_plugin.extract_if(.., |_, under_way| under_way.task.id() == id);
            // What was cut off is nobody's any more, also if it ended just before.
            if let Some((plugin, UnderWay { want, .. })) = found.next() {
                return Some(Ended { plugin, want, result: ended.map(|(_, made)| made) });
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use super::*;

    async fn ended(attempts: &mut Attempts<u32, &'static str>) -> Option<(String, u32, &'static str)> {
        attempts.next().await.map(|ended| (ended.plugin, ended.want, ended.result.unwrap()))
    }

    #[tokio::test]
    async fn one_that_never_ends_holds_up_no_other() {
        let mut attempts = Attempts::new();
        attempts.begin("slow", 1, pending());
        attempts.begin("quick", 2, ready("made"));
        assert_eq!(ended(&mut attempts).await, Some(("quick".to_owned(), 2, "made")));
        assert_eq!((attempts.len(), attempts.under_way("slow"), attempts.under_way("quick")), (1, Some(&1), None));
        attempts.retain(|plugin| plugin != "slow");
        assert_eq!((ended(&mut attempts).await, attempts.len()), (None, 0));
    }

    #[tokio::test]
    async fn what_is_begun_anew_counts_alone() {
        let mut attempts = Attempts::new();
        attempts.begin("a", 1, ready("out of date"));
        // It has ended by now, and nobody has asked yet.
        tokio::task::yield_now().await;
        attempts.begin("a", 2, ready("made"));
        assert_eq!(ended(&mut attempts).await, Some(("a".to_owned(), 2, "made")));
        assert_eq!(ended(&mut attempts).await, None);
    }
}
