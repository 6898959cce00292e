//! Regular expressions in Go's syntax (RE2), compiled by the `regex` crate.
//!
//! The two engines agree on what a pattern means once it is written out; they differ in how it is written: Go's `\d`,
//! `\w`, `\s` and `\b` are ASCII, Rust's are Unicode; Go has `\Q…\E` and octal escapes, Rust has nested classes, the
//! operators `&&`, `--` and `~~` in them, `\<` and `(?x)`. So a pattern is read by Go's grammar and written anew.

mod class;
mod escape;
mod translator;
mod unicode;

#[cfg(test)]
mod tests;

use regex::Regex;

use translator::Translator;

/// Compiles `pattern`, written in Go's syntax.
///
/// # Errors
/// Says what in the pattern Go would refuse or this program cannot do.
pub fn compile(pattern: &str) -> Result<Regex, String> {
    let translated = translate(pattern)?;
    Regex::new(&translated).map_err(|error| match error {
        regex::Error::CompiledTooBig(limit) => {
            format!("the expression `{pattern}` is too large (over {limit} bytes compiled): simplify it")
        }
        // The last line is the reason; those before it show the translated pattern, which nobody wrote.
        other => {
            let text = other.to_string();
            let reason = text.lines().last().unwrap_or_default().trim_start_matches("error: ");
            format!("the expression `{pattern}` is not valid: {reason}")
        }
    })
}

/// More than any config has, and little enough to be parsed whoever wrote it.
const MAX_LENGTH: usize = 64 << 10;

/// Writes a pattern in Go's syntax in that of the `regex` crate.
///
/// # Errors
/// Says what in the pattern Go would refuse.
pub fn translate(pattern: &str) -> Result<String, String> {
    if pattern.len() > MAX_LENGTH {
        return Err(format!("an expression of {} bytes is too long: {MAX_LENGTH} at the most", pattern.len()));
    }
    let mut translator = Translator::new(pattern);
    translator.run().map_err(|reason| format!("the expression `{pattern}` is not valid: {reason}"))?;
    Ok(translator.out)
}
