//! Room for runs: so many at once in the host, and no more of one plugin than a part of them, so that a plugin whose every
//! call waits for a slow upstream leaves room for the others.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};

/// All slots.
pub(crate) struct Slots {
    all: Arc<Semaphore>,
    count: usize,
    of_each: usize,
    own: HashMap<String, Arc<Semaphore>>,
}

/// A place in the queue for a slot.
#[derive(Clone)]
pub(crate) struct Turn {
    own: Arc<Semaphore>,
    all: Arc<Semaphore>,
}

/// A slot, given back when dropped.
pub(crate) struct Slot {
    _all: OwnedSemaphorePermit,
    _own: OwnedSemaphorePermit,
}

impl Slots {
    /// `count` of them, at most `of_each` for one plugin.
    pub(crate) fn new(count: usize, of_each: usize) -> Self {
        Slots { all: Arc::new(Semaphore::new(count)), count, of_each, own: HashMap::new() }
    }

    /// A place in the queue, for a run of `plugin`.
    pub(crate) fn turn(&mut self, plugin: &str) -> Turn {
        let of_each = self.of_each;
        let own = self.own.entry(plugin.to_owned()).or_insert_with(|| Arc::new(Semaphore::new(of_each)));
        Turn { own: own.clone(), all: self.all.clone() }
    }

    /// No slot is given any more, not even to those that are waiting for one.
    pub(crate) fn close(&self) {
        self.all.close();
        self.own.values().for_each(|own| own.close());
    }

    /// How many are taken.
    pub(crate) fn taken(&self) -> usize {
        self.count - self.all.available_permits()
    }
}

impl Turn {
    /// Waits for the slot.
    ///
    /// # Errors
    /// If none is given any more.
    pub(crate) async fn come(self) -> Result<Slot, AcquireError> {
        // The plugin's own first: whoever waits for that must not hold one of all.
        let own = self.own.acquire_owned().await?;
        Ok(Slot { _all: self.all.acquire_owned().await?, _own: own })
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    /// Takes as many slots as are to be had at once.
    async fn take(slots: &mut Slots, plugin: &str) -> Vec<Slot> {
        let mut taken = Vec::new();
        while let Some(slot) = slots.turn(plugin).come().now_or_never() {
            taken.push(slot.unwrap());
        }
        taken
    }

    #[tokio::test]
    async fn one_plugin_leaves_room_for_the_others() {
        let mut slots = Slots::new(10, 4);
        let greedy = take(&mut slots, "greedy").await;
        let other = take(&mut slots, "other").await;
        let third = take(&mut slots, "third").await;
        assert_eq!((greedy.len(), other.len(), third.len(), slots.taken()), (4, 4, 2, 10));
        drop(greedy);
        assert_eq!(take(&mut slots, "third").await.len(), 2, "no more than its part");
    }

    #[tokio::test]
    async fn once_closed_no_one_gets_a_slot_and_those_taken_are_counted_to_their_end() {
        let mut slots = Slots::new(1, 1);
        let taken = take(&mut slots, "p").await;
        let waiting = tokio::spawn(slots.turn("p").come());
        slots.close();
        assert!(waiting.await.unwrap().is_err());
        assert_eq!(slots.taken(), 1);
        drop(taken);
        assert_eq!(slots.taken(), 0);
    }
}
