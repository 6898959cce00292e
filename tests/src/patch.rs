//! A component that differs from another in one text and nothing else, as a new version of a plugin would.

use anyhow::ensure;

/// `component` with the text `old`, which must stand in it once, replaced by `new`, which must be as long: the module's data
/// stays where it is, and the component valid.
///
/// # Errors
/// If the texts differ in length, or `old` is not there exactly once.
pub fn replace_text(component: &[u8], old: &str, new: &str) -> anyhow::Result<Vec<u8>> {
    ensure!(old.len() == new.len(), "`{old}` and `{new}` differ in length");
    let places: Vec<_> = (0..component.len()).filter(|at| component[*at..].starts_with(old.as_bytes())).collect();
    ensure!(places.len() == 1, "`{old}` stands {} times in the component, not once", places.len());
    let mut patched = component.to_vec();
    patched[places[0]..][..new.len()].copy_from_slice(new.as_bytes());
    Ok(patched)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_text_that_is_there_once_and_fits_is_replaced() {
        assert_eq!(replace_text(b"say hello.", "hello", "howdy").unwrap(), b"say howdy.");
        assert!(replace_text(b"say hello.", "hello", "hi").is_err());
        assert!(replace_text(b"hello hello", "hello", "howdy").is_err());
        assert!(replace_text(b"nothing", "hello", "howdy").is_err());
    }
}
