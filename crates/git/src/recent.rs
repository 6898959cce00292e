//! What was made lately, for as long as there is room.

/// Values by their keys; what was asked for longest ago goes first. So few that looking through them is quick.
#[derive(Debug)]
pub(crate) struct Recent<K, V> {
    /// The latest last.
    kept: Vec<(K, V, usize)>,
    max_entries: usize,
    max_weight: usize,
}

impl<K: PartialEq, V: Clone> Recent<K, V> {
    /// Room for this many, of this weight together.
    pub(crate) fn new(max_entries: usize, max_weight: usize) -> Self {
        Self { kept: Vec::new(), max_entries, max_weight }
    }

    /// The value of a key.
    pub(crate) fn get(&mut self, key: &K) -> Option<V> {
        let at = self.kept.iter().position(|(known, ..)| known == key)?;
        let found = self.kept.remove(at);
        let value = found.1.clone();
        self.kept.push(found);
        Some(value)
    }

    /// Keeps a value, and lets go of others. What is too heavy by itself is not kept.
    pub(crate) fn put(&mut self, key: K, value: V, weight: usize) {
        self.kept.retain(|(known, ..)| *known != key);
        self.kept.push((key, value, weight));
        let mut total: usize = self.kept.iter().map(|(.., weight)| weight).sum();
        let mut over = 0;
        while self.kept.len() - over > self.max_entries || total > self.max_weight {
            total -= self.kept[over].2;
            over += 1;
        }
        self.kept.drain(..over);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(recent: &Recent<u8, ()>) -> Vec<u8> {
        recent.kept.iter().map(|(key, ..)| *key).collect()
    }

    #[test]
    fn the_latest_stay() {
        let mut recent = Recent::new(3, 100);
        for key in [1, 2, 3] {
            recent.put(key, (), 10);
        }
        assert!(recent.get(&1).is_some() && recent.get(&9).is_none());
        recent.put(4, (), 10);
        assert_eq!(keys(&recent), [3, 1, 4]);
        recent.put(3, (), 10);
        assert_eq!(keys(&recent), [1, 4, 3]);
    }

    #[test]
    fn what_is_heavy_takes_the_room_of_others() {
        let mut recent = Recent::new(3, 100);
        recent.put(1, (), 60);
        recent.put(2, (), 40);
        recent.put(3, (), 30);
        assert_eq!(keys(&recent), [2, 3]);
        recent.put(4, (), 101);
        assert_eq!(keys(&recent), [0; 0]);
    }
}
