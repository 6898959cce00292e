//! Room for runs: so many at once in the host, and no more of one plugin than a part of them. Who waits is served in turns,
//! plugin by plugin, and within a plugin repository by repository: neither a plugin whose every call waits for a slow
//! upstream, nor a repository that has a thousand events, holds up the others. Pure.

use std::collections::{HashMap, VecDeque};

/// All slots, and who waits for one.
pub(crate) struct Slots<T> {
    count: usize,
    of_each: usize,
    taken: usize,
    plugins: HashMap<String, Queue<T>>,
    /// The plugins of which someone waits; the one whose turn it is first.
    turns: VecDeque<String>,
    closed: bool,
}

/// One plugin's part of the slots.
struct Queue<T> {
    taken: usize,
    /// Those that wait, by repository or organisation, each in order of arrival; no list is empty.
    waiting: HashMap<String, VecDeque<T>>,
    turns: VecDeque<String>,
}

impl<T> Slots<T> {
    /// `count` of them, at most `of_each` for one plugin.
    pub(crate) fn new(count: usize, of_each: usize) -> Self {
        Slots { count, of_each, taken: 0, plugins: HashMap::new(), turns: VecDeque::new(), closed: false }
    }

    /// Has `what` wait for a slot: a run of `plugin` for `scope`.
    pub(crate) fn ask(&mut self, plugin: &str, scope: &str, what: T) {
        let queue = match self.plugins.get_mut(plugin) {
            Some(queue) => queue,
            None => self.plugins.entry(plugin.to_owned()).or_insert_with(Queue::new),
        };
        if queue.turns.is_empty() {
            self.turns.push_back(plugin.to_owned());
        }
        queue.push(scope, what);
    }

    /// Gives a slot to whoever is next, if there is one for it.
    pub(crate) fn next(&mut self) -> Option<T> {
        if self.closed || self.taken == self.count {
            return None;
        }
        let with_room = |plugin: &String| self.plugins[plugin].taken < self.of_each;
        let turn = self.turns.iter().position(with_room)?;
        let plugin = self.turns.remove(turn)?;
        let queue = self.plugins.get_mut(&plugin)?;
        let what = queue.pop()?;
        queue.taken += 1;
        self.taken += 1;
        if !queue.turns.is_empty() {
            self.turns.push_back(plugin);
        }
        Some(what)
    }

    /// Takes back a slot that a run of `plugin` had.
    pub(crate) fn give_back(&mut self, plugin: &str) {
        let Some(queue) = self.plugins.get_mut(plugin) else { return };
        self.taken -= 1;
        queue.taken -= 1;
        if queue.taken == 0 && queue.turns.is_empty() {
            self.plugins.remove(plugin);
        }
    }

    /// No slot is given any more, not even to those that are waiting for one.
    pub(crate) fn close(&mut self) {
        self.closed = true;
    }

    /// How many are taken.
    pub(crate) fn taken(&self) -> usize {
        self.taken
    }
}

impl<T> Queue<T> {
    fn new() -> Self {
        Queue { taken: 0, waiting: HashMap::new(), turns: VecDeque::new() }
    }

    fn push(&mut self, scope: &str, what: T) {
        if let Some(line) = self.waiting.get_mut(scope) {
            line.push_back(what);
            return;
        }
        self.waiting.insert(scope.to_owned(), VecDeque::from([what]));
        self.turns.push_back(scope.to_owned());
    }

    fn pop(&mut self) -> Option<T> {
        let scope = self.turns.pop_front()?;
        let line = self.waiting.get_mut(&scope)?;
        let what = line.pop_front();
        if line.is_empty() {
            self.waiting.remove(&scope);
        } else {
            self.turns.push_back(scope);
        }
        what
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes as many slots as are to be had.
    fn take(slots: &mut Slots<&'static str>) -> Vec<&'static str> {
        std::iter::from_fn(|| slots.next()).collect()
    }

    #[test]
    fn one_plugin_leaves_room_for_the_others() {
        let mut slots = Slots::new(5, 2);
        for what in ["g1", "g2", "g3", "g4"] {
            slots.ask("greedy", "o/r", what);
        }
        assert_eq!(take(&mut slots), ["g1", "g2"], "no more than its part");
        for what in ["a1", "a2", "a3"] {
            slots.ask("another", "o/r", what);
        }
        slots.ask("third", "o/r", "t1");
        assert_eq!(take(&mut slots), ["a1", "t1", "a2"], "in turns");
        slots.give_back("greedy");
        slots.give_back("third");
        assert_eq!(take(&mut slots), ["g3"], "two are free, but one of them is for a third plugin");
        assert_eq!(slots.taken(), 4);
    }

    #[test]
    fn a_busy_repository_leaves_turns_to_the_others() {
        let mut slots = Slots::new(1, 1);
        for what in ["b1", "b2", "b3", "b4"] {
            slots.ask("p", "o/busy", what);
        }
        slots.ask("p", "o/calm", "c1");
        slots.ask("p", "o/other", "o1");
        let mut order = Vec::new();
        while let Some(what) = slots.next() {
            order.push(what);
            slots.give_back("p");
        }
        assert_eq!(order, ["b1", "c1", "o1", "b2", "b3", "b4"]);
        assert!(slots.plugins.is_empty() && slots.turns.is_empty(), "nothing is left of those that have gone");
    }

    #[test]
    fn a_plugin_that_waits_for_its_own_slots_does_not_lose_its_turn_to_go_on() {
        let mut slots = Slots::new(2, 1);
        for what in ["a1", "a2"] {
            slots.ask("a", "o/r", what);
        }
        slots.ask("b", "o/r", "b1");
        assert_eq!(take(&mut slots), ["a1", "b1"]);
        slots.give_back("b");
        assert_eq!(take(&mut slots), [""; 0], "`a` has its part");
        slots.give_back("a");
        assert_eq!(take(&mut slots), ["a2"]);
    }

    #[test]
    fn once_closed_no_one_gets_a_slot_and_those_taken_are_counted_to_their_end() {
        let mut slots = Slots::new(2, 2);
        slots.ask("p", "o/r", "one");
        assert_eq!(take(&mut slots), ["one"]);
        slots.ask("p", "o/r", "two");
        slots.close();
        assert_eq!(slots.next(), None);
        assert_eq!(slots.taken(), 1);
        slots.give_back("p");
        assert_eq!(slots.taken(), 0);
    }
}
