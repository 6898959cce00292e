//! How Prow's YAML reader writes a number or boolean where its types want a text: `value: 1` is as good as `"1"`.

use serde_json::{Number, Value};

/// The text of a string, number or boolean; `None` for anything else.
pub fn scalar_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Number(number) => Some(number_text(number)),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// An integer as it is; a fraction as Go's `FormatFloat(value, 'g', -1, 32)` writes it: the shortest digits that tell it
/// from its neighbours among 32-bit fractions, `e` from the seventh place before the point and the fifth after it. So
/// `1.20` is `1.2`, and `123456.789` is `123456.79`.
pub fn number_text(number: &Number) -> String {
    if let (false, Some(value)) = (number.is_i64() || number.is_u64(), number.as_f64()) {
        #[expect(clippy::cast_possible_truncation, reason = "so does Prow's reader")]
        return go_float(value as f32);
    }
    number.to_string()
}

fn go_float(value: f32) -> String {
    if value.is_infinite() {
        return if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let scientific = format!("{value:e}");
    let Some((digits, exponent)) = scientific.split_once('e') else { return scientific };
    let Ok(exponent) = exponent.parse::<i32>() else { return scientific };
    if (-4..6).contains(&exponent) {
        return format!("{value}");
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(json: &str, want: Option<&str>) {
        let value: Value = serde_json::from_str(json).unwrap();
        assert_eq!(scalar_text(&value).as_deref(), want, "{json}");
    }

    #[test]
    fn numbers_and_booleans_have_a_text() {
        check("\"x\"", Some("x"));
        check("true", Some("true"));
        check("12", Some("12"));
        check("-3", Some("-3"));
        check("1.20", Some("1.2"));
        check("0.00001", Some("1e-05"));
        check("123456.5", Some("123456.5"));
        check("1234567.5", Some("1.2345675e+06"));
        check("1e21", Some("1e+21"));
        check("123456.789", Some("123456.79"));
        check("1e40", Some("+Inf"));
        check("null", None);
        check("[]", None);
    }
}
