//! The functions that the contract has, read from its documents.

use std::collections::BTreeSet;
use std::path::Path;

/// Each as `interface.function`; the methods of `client-agent` stand under `agent`.
pub(crate) fn of_the_contract() -> BTreeSet<String> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("wit");
    let entries = std::fs::read_dir(&dir).unwrap().map(|entry| entry.unwrap().path());
    let documents = entries.filter(|path| path.extension().is_some_and(|extension| extension == "wit"));
    documents.flat_map(|path| of_document(&std::fs::read_to_string(path).unwrap())).collect()
}

fn of_document(text: &str) -> Vec<String> {
    let mut interface = String::new();
    let mut functions = Vec::new();
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("interface ") {
            interface = name.trim_end_matches(" {").to_owned();
        } else if let Some(name) = line.strip_prefix("world ") {
            // What a world exports is the plugin's.
            interface = format!("world {name}");
        } else if let Some((name, _)) = line.trim().split_once(": func(")
            && !interface.starts_with("world ")
        {
            functions.push(format!("{interface}.{name}"));
        }
    }
    functions
}

#[test]
fn interfaces_and_the_methods_of_resources_are_found_and_exports_are_not() {
    let text = "interface a {\n  resource r {\n    b: func() -> u8;\n  }\n  /// c: func\n  d-e: func(x: u8);\n}\n\
                world w {\n  export f: func();\n}\n";
    assert_eq!(of_document(text), ["a.b", "a.d-e"]);
}
