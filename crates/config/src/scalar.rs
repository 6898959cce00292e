//! What a plain YAML scalar means to Prow's reader, which reads YAML 1.1.

use crate::node::Kind;

/// Resolves a plain scalar without a tag.
///
/// Behaviour: gopkg.in/yaml.v2, `resolve`: `yes`, `on` and `y` are booleans, a leading 0 makes an octal number, `_` may
/// stand between digits, and a date stays a text. A number beyond 64 bits is a fraction.
pub(crate) fn resolve(text: &str) -> Kind {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Kind::Null,
        "true" | "True" | "TRUE" | "yes" | "Yes" | "YES" | "y" | "Y" | "on" | "On" | "ON" => return Kind::Bool(true),
        "false" | "False" | "FALSE" | "no" | "No" | "NO" | "n" | "N" | "off" | "Off" | "OFF" => {
            return Kind::Bool(false);
        }
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => return Kind::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => return Kind::Float(f64::NEG_INFINITY),
        ".nan" | ".NaN" | ".NAN" => return Kind::Float(f64::NAN),
        _ => {}
    }
    let number = match text.as_bytes().first() {
        // Go's own reader of fractions has no underscores.
        Some(b'.') => fraction(text),
        Some(b'0'..=b'9' | b'+' | b'-') => {
            let plain = text.replace('_', "");
            integer(&plain).or_else(|| fraction(&plain))
        }
        _ => None,
    };
    number.unwrap_or_else(|| Kind::Text(text.to_owned()))
}

/// Resolves a scalar that says what it is: `!!int "12"`. Quotes do not matter then.
///
/// # Errors
/// The text is not of that type, or the type is one that no config has.
pub(crate) fn resolve_tagged(tag: &str, text: &str) -> Result<Kind, String> {
    let kind = resolve(text);
    match (tag, kind) {
        ("str", _) => Ok(Kind::Text(text.to_owned())),
        ("null", Kind::Null) => Ok(Kind::Null),
        ("bool", kind @ Kind::Bool(_))
        | ("int", kind @ (Kind::Unsigned(_) | Kind::Signed(_)))
        | ("float", kind @ (Kind::Float(_) | Kind::Signed(_))) => Ok(kind),
        // Beyond 63 bits Go does not make a fraction of it.
        ("float", kind @ Kind::Unsigned(number)) if i64::try_from(number).is_ok() => Ok(kind),
        ("null" | "bool" | "int" | "float", _) => {
            Err(format!("`{text}` is no `!!{tag}`: leave the tag out, or write a value of that type"))
        }
        ("binary" | "timestamp", _) => Err(format!("`!!{tag}` is not read here: write the text itself")),
        _ => Ok(Kind::Text(text.to_owned())),
    }
}

fn integer(plain: &str) -> Option<Kind> {
    let (negative, digits) = match plain.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, plain.strip_prefix('+').unwrap_or(plain)),
    };
    let lower = digits.to_ascii_lowercase();
    let (radix, digits) = match lower.get(..2) {
        Some("0x") => (16, &lower[2..]),
        Some("0b") => (2, &lower[2..]),
        Some("0o") => (8, &lower[2..]),
        _ if lower.len() > 1 && lower.starts_with('0') => (8, &lower[1..]),
        _ => (10, lower.as_str()),
    };
    // `from_str_radix` would take a sign of its own.
    if !digits.bytes().next()?.is_ascii_alphanumeric() {
        return None;
    }
    let value = u64::from_str_radix(digits, radix).ok()?;
    if !negative {
        return Some(Kind::Unsigned(value));
    }
    let value = 0i64.checked_sub_unsigned(value)?;
    Some(if value == 0 { Kind::Unsigned(0) } else { Kind::Signed(value) })
}

/// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`
fn fraction(plain: &str) -> Option<Kind> {
    let unsigned = plain.strip_prefix(['-', '+']).unwrap_or(plain);
    let (mantissa, exponent) = match unsigned.find(['e', 'E']) {
        Some(at) => (&unsigned[..at], Some(&unsigned[at + 1..])),
        None => (unsigned, None),
    };
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let mantissa_is_good = is_digits(whole) && is_digits(part) && !(whole.is_empty() && part.is_empty());
    let exponent_is_good = exponent.is_none_or(|exponent| {
        let digits = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
        !digits.is_empty() && is_digits(digits)
    });
    if !mantissa_is_good || !exponent_is_good {
        return None;
    }
    // What is too large for a fraction stays a text.
    plain.parse().ok().filter(|value: &f64| value.is_finite()).map(Kind::Float)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, want: Kind) {
        assert_eq!(resolve(text), want, "{text:?}");
    }

    fn text(text: &str) -> Kind {
        Kind::Text(text.to_owned())
    }

    #[test]
    fn booleans_are_yaml_1_1_s() {
        for word in ["true", "True", "TRUE", "yes", "YES", "y", "Y", "on", "On"] {
            check(word, Kind::Bool(true));
        }
        for word in ["false", "no", "No", "n", "N", "off", "OFF"] {
            check(word, Kind::Bool(false));
        }
        for word in ["yEs", "tRUE", "oN", "yess", "nope"] {
            check(word, text(word));
        }
    }

    #[test]
    fn nothing() {
        for word in ["", "~", "null", "Null", "NULL"] {
            check(word, Kind::Null);
        }
        check("nUll", text("nUll"));
    }

    #[test]
    fn integers() {
        check("0", Kind::Unsigned(0));
        check("-0", Kind::Unsigned(0));
        check("12", Kind::Unsigned(12));
        check("+12", Kind::Unsigned(12));
        check("-12", Kind::Signed(-12));
        check("1_000", Kind::Unsigned(1000));
        check("0755", Kind::Unsigned(493));
        check("0o755", Kind::Unsigned(493));
        check("0x1F", Kind::Unsigned(31));
        check("0b101", Kind::Unsigned(5));
        check("18446744073709551615", Kind::Unsigned(u64::MAX));
        check("-9223372036854775808", Kind::Signed(i64::MIN));
        check("18446744073709551616", Kind::Float(18_446_744_073_709_551_616.0));
    }

    #[test]
    fn fractions() {
        check("1.5", Kind::Float(1.5));
        check(".5", Kind::Float(0.5));
        check("1.", Kind::Float(1.0));
        check("-1e3", Kind::Float(-1000.0));
        check("1E+2", Kind::Float(100.0));
        // No octal digit, so no integer: Prow reads 8 too.
        check("08", Kind::Float(8.0));
    }

    #[test]
    fn what_only_looks_like_a_number_is_a_text() {
        for word in [
            "1.2.3",
            "1h",
            "-",
            "+",
            ".",
            "..",
            "-a",
            "1e",
            "0x",
            "0xg",
            "1:30",
            "2020-01-01",
            "v1",
            "1-2",
            "--1",
            "0-1",
        ] {
            check(word, text(word));
        }
    }
}
