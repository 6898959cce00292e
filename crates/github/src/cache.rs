//! Answers kept for conditional requests: GitHub's 304 costs nothing of the hourly budget.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::HeaderValue;

/// What an answer depends on. `partition` tells tokens apart that may see different things.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub(crate) partition: Arc<str>,
    pub(crate) url: String,
    pub(crate) accept: &'static str,
}

/// A 200 that bore an `ETag`.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) etag: HeaderValue,
    pub(crate) link: Option<String>,
    pub(crate) body: Bytes,
}

/// Bounded by bytes; what was not used for longest goes first.
#[derive(Debug)]
pub(crate) struct Cache {
    most_bytes: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    entries: HashMap<Key, (u64, Arc<Kept>)>,
    by_use: BTreeMap<u64, Key>,
    bytes: usize,
    uses: u64,
}

impl Cache {
    pub(crate) fn new(most_bytes: usize) -> Self {
        Self { most_bytes, state: Mutex::default() }
    }

    pub(crate) fn get(&self, key: &Key) -> Option<Arc<Kept>> {
        let mut state = self.lock();
        let state = &mut *state;
        let (used, kept) = state.entries.get_mut(key)?;
        state.uses += 1;
        state.by_use.remove(used);
        state.by_use.insert(state.uses, key.clone());
        *used = state.uses;
        Some(Arc::clone(kept))
    }

    /// Keeps an answer. One that would take more than an eighth of all room is not kept: it would push out too many.
    pub(crate) fn put(&self, key: Key, kept: Kept) {
        let mut state = self.lock();
        state.remove(&key);
        if size(&key, &kept) > self.most_bytes / 8 {
            return;
        }
        state.uses += 1;
        state.bytes += size(&key, &kept);
        let used = state.uses;
        state.by_use.insert(used, key.clone());
        state.entries.insert(key, (used, Arc::new(kept)));
        while state.bytes > self.most_bytes {
            let Some((_, oldest)) = state.by_use.pop_first() else { return };
            state.remove(&oldest);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn remove(&mut self, key: &Key) {
        if let Some((used, kept)) = self.entries.remove(key) {
            self.by_use.remove(&used);
            self.bytes -= size(key, &kept);
        }
    }
}

/// What an entry holds in memory, the key's two copies and a rough constant for the maps included.
fn size(key: &Key, kept: &Kept) -> usize {
    2 * key.url.len() + kept.body.len() + kept.etag.len() + kept.link.as_ref().map_or(0, String::len) + 256
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(partition: &str, url: &str) -> Key {
        Key { partition: partition.into(), url: url.into(), accept: "json" }
    }

    fn kept(text: &'static str) -> Kept {
        Kept { etag: HeaderValue::from_static("\"e\""), link: None, body: Bytes::from_static(text.as_bytes()) }
    }

    #[test]
    fn tokens_do_not_see_each_others_answers() {
        let cache = Cache::new(1 << 20);
        cache.put(key("a", "/x"), kept("for a"));
        assert!(cache.get(&key("b", "/x")).is_none());
        assert!(cache.get(&key("a", "/y")).is_none());
        assert_eq!(cache.get(&key("a", "/x")).unwrap().body, "for a");
    }

    #[test]
    fn the_least_used_goes_first_and_the_bound_holds() {
        let cache = Cache::new(10 * 1024);
        for i in 0..30 {
            cache.put(key("a", &format!("/{i}")), kept("body"));
            cache.get(&key("a", "/0")).expect("what is used stays");
        }
        assert!(cache.get(&key("a", "/29")).is_some());
        for i in 0..500 {
            cache.put(key("a", &format!("/many/{i}")), kept("body"));
            assert!(cache.lock().bytes <= 10 * 1024);
        }
        assert!(cache.get(&key("a", "/0")).is_none());
        let state = cache.lock();
        assert_eq!(state.entries.len(), state.by_use.len());
    }

    #[test]
    fn a_new_answer_replaces_the_old_and_a_huge_one_is_not_kept() {
        let cache = Cache::new(8 * 1024);
        cache.put(key("a", "/x"), kept("old"));
        cache.put(key("a", "/x"), kept("new"));
        assert_eq!(cache.get(&key("a", "/x")).unwrap().body, "new");
        let huge = Kept { body: Bytes::from(vec![0; 4096]), ..kept("") };
        cache.put(key("a", "/x"), huge);
        assert!(cache.get(&key("a", "/x")).is_none());
        assert_eq!(cache.lock().bytes, 0);
    }
}
