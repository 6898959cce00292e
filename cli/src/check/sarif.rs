//! For code hosts: SARIF 2.1.0, which they show beside the lines of a change.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use config::check::{Finding, Report};
use prow::checks::WARNINGS;
use serde_json::{Value, json};

pub(super) fn render(report: &Report) -> Value {
    let rules: BTreeSet<&str> = report.findings.iter().map(|finding| finding.rule).collect();
    let rules = rules.into_iter().map(|rule| json!({ "id": rule, "shortDescription": { "text": about(rule) } }));
    let not_checked = report
        .not_checked
        .iter()
        .map(|(name, why)| json!({ "level": "note", "message": { "text": format!("{name} is not checked: {why}") } }));
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "bowsprit check",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules.collect::<Vec<_>>(),
            } },
            "columnKind": "unicodeCodePoints",
            "invocations": [{
                "executionSuccessful": true,
                "toolConfigurationNotifications": not_checked.collect::<Vec<_>>(),
            }],
            "results": report.findings.iter().map(result).collect::<Vec<_>>(),
        }],
    })
}

fn result(Finding { level, rule, fault, .. }: &Finding) -> Value {
    json!({
        "ruleId": rule,
        "level": level.as_str(),
        "message": { "text": fault.message },
        "locations": [{ "physicalLocation": {
            "artifactLocation": { "uri": uri(&fault.file) },
            "region": { "startLine": fault.at.line, "startColumn": fault.at.column },
        } }],
    })
}

fn about(rule: &str) -> &str {
    let named = WARNINGS.iter().find(|warning| warning.name == rule).map(|warning| warning.about);
    named.unwrap_or(match rule {
        "invalid" => "this keeps the configuration from taking effect",
        "rerun-command" => "a job's rerun command is none that gerrit.allowed_presubmit_trigger_re lets through",
        _ => "something to know",
    })
}

/// A path as a reference: relative to the checkout, or with `file://` where it is absolute.
fn uri(path: &str) -> String {
    let mut uri = String::from(if path.starts_with('/') { "file://" } else { "" });
    for byte in path.strip_prefix("./").unwrap_or(path).bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_references() {
        let check = |path: &str, want: &str| assert_eq!(uri(path), want);
        check("./config/jobs/a b.yaml", "config/jobs/a%20b.yaml");
        check("/etc/c:d.yaml", "file:///etc/c%3Ad.yaml");
        check("é.yaml", "%C3%A9.yaml");
    }
}
