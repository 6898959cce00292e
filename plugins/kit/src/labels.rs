//! Labels, which GitHub compares without regard to case.

/// Whether `wanted` is among `labels`.
pub fn has_label(labels: &[String], wanted: &str) -> bool {
    prow::trust::has_label(labels.iter().map(String::as_str), wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_found_in_any_case() {
        let labels = ["Do-Not-Merge/Hold".to_owned(), "kind/bug".to_owned()];
        assert!(has_label(&labels, "do-not-merge/hold"));
        assert!(!has_label(&labels, "kind"));
        assert!(!has_label(&[], "kind/bug"));
    }
}
