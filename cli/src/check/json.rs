//! For programs.

use config::check::{Finding, Level, Report};
use serde_json::{Value, json};

pub(super) fn render(report: &Report) -> Value {
    let finding = |Finding { level, rule, fault, .. }: &Finding| {
        json!({
            "level": level.as_str(),
            "rule": rule,
            "file": fault.file,
            "line": fault.at.line,
            "column": fault.at.column,
            "message": fault.message,
        })
    };
    let not_checked = |(rule, why): &(&str, String)| json!({ "rule": rule, "why": why });
    json!({
        "errors": report.count(Level::Error),
        "warnings": report.count(Level::Warning),
        "findings": report.findings.iter().map(finding).collect::<Vec<_>>(),
        "not_checked": report.not_checked.iter().map(not_checked).collect::<Vec<_>>(),
    })
}
