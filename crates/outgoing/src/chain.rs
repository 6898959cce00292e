//! Errors as text.

use std::error::Error;

/// An error and its causes on one line, none said twice: many an error repeats its cause.
pub fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let said = cause.to_string();
        if !text.contains(&said) {
            text = format!("{text}: {said}");
        }
        next = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use std::fmt;

    use super::*;

    #[derive(Debug)]
    struct Layer(&'static str, Option<Box<Layer>>);

    impl fmt::Display for Layer {
        fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
            out.write_str(self.0)
        }
    }

    impl Error for Layer {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            self.1.as_deref().map(|cause| cause as &(dyn Error + 'static))
        }
    }

    #[test]
    fn causes_follow_and_none_is_said_twice() {
        let layers = |words: &[&'static str]| {
            let last = |inner: Option<Box<Layer>>, word: &&'static str| Some(Box::new(Layer(word, inner)));
            *words.iter().rev().fold(None, last).unwrap()
        };
        for (words, want) in [
            (&["no answer"][..], "no answer"),
            (&["no answer", "refused"], "no answer: refused"),
            (&["no answer: refused", "refused"], "no answer: refused"),
            (&["a", "b", "c"], "a: b: c"),
        ] {
            assert_eq!(chain(&layers(words)), want, "{words:?}");
        }
    }
}
