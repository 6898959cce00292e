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

/// `component` with a mark at its end that changes nothing but its digest.
///
/// # Panics
/// If `mark` is longer than a hundred bytes.
#[must_use]
pub fn marked(component: &[u8], mark: &str) -> Vec<u8> {
    assert!(mark.len() <= 100, "the mark's length has to fit into a byte of the encoding");
    let name = u8::try_from(mark.len()).expect("checked above");
    // A custom section: its kind, its size, and its name.
    [component, &[0, name + 1, name], mark.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_a_section_of_its_own() {
        assert_eq!(marked(b"\0asm", "v2"), b"\0asm\x00\x03\x02v2");
    }

    #[test]
    fn only_a_text_that_is_there_once_and_fits_is_replaced() {
        assert_eq!(replace_text(b"say hello.", "hello", "howdy").unwrap(), b"say howdy.");
        assert!(replace_text(b"say hello.", "hello", "hi").is_err());
        assert!(replace_text(b"hello hello", "hello", "howdy").is_err());
        assert!(replace_text(b"nothing", "hello", "howdy").is_err());
    }
}
