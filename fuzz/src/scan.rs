//! The scan that finds whose key a webhook is verified with, held against a whole reading of the same bytes.

use host::scan::scan;
use serde_json::Value;
use store::Scope;

/// One input.
pub(crate) fn run(data: &[u8]) {
    let Ok(scope) = scan(data) else { return };
    // The scan takes more than JSON; what is no JSON is refused later, by its reader.
    let Ok(body) = serde_json::from_slice::<Value>(data) else { return };
    // An empty name counts as absent.
    let text = |at: &str| body.pointer(at).and_then(Value::as_str).filter(|text| !text.is_empty());
    match &scope {
        Scope::Repo(name) => assert_eq!(text("/repository/full_name"), Some(name.as_str())),
        Scope::Org(name) => {
            assert_eq!(text("/repository/full_name"), None);
            assert_eq!(text("/organization/login"), Some(name.as_str()));
        }
        Scope::Any => {
            assert_eq!((text("/repository/full_name"), text("/organization/login")), (None, None));
        }
    }
}
