//! What stands in for WASI in components of C and Go: every call is answered inside the component, and none leaves it.
//!
//! The real adapter would turn those calls into imports. Besides asking for what no plugin gets, that makes Go trap: its
//! garbage collector calls WASI at moments at which a component may not be left.

/// The adapter as a core module.
///
/// # Errors
/// Never; its text is tested.
pub(super) fn stub() -> anyhow::Result<Vec<u8>> {
    Ok(wat::parse_str(include_str!("adapter.wat"))?)
}

#[cfg(test)]
mod tests {
    #[test]
    fn it_answers_all_of_preview_1_and_asks_for_nothing() {
        let text = include_str!("adapter.wat");
        let bytes = super::stub().unwrap();
        assert!(bytes.len() < 4096, "{}", bytes.len());
        assert_eq!(text.matches("(import ").count(), text.matches("(import \"env\" \"memory\"").count());
        assert_eq!(text.matches("(export ").count(), 46);
    }
}
