//! Decisions that ask for what they lack.

/// Decides with what is known and acts; where a fact is missing, finds out about that one and decides again from the start.
/// So a decision reads as if it knew everything, and costs no call that its outcome does not hang on.
///
/// `turn` decides and acts on it, or answers with the question that it needs an answer to. A question that stays open
/// after `learn` would be asked for ever: the host's deadline ends that.
///
/// # Errors
/// Those of `learn`, and those of acting.
pub fn asking<K, Q, O, F>(
    mut known: K,
    mut learn: impl FnMut(&mut K, Q) -> Result<(), F>,
    turn: impl Fn(&K) -> Result<Result<O, F>, Q>,
) -> Result<O, F> {
    loop {
        match turn(&known) {
            Ok(done) => return done,
            Err(question) => learn(&mut known, question)?,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Adds the first and, where that is even, the second; both have to be asked for. What was asked, and what came of it.
    #[track_caller]
    fn check(facts: [Result<u32, &'static str>; 2], asked: &[usize], want: Result<u32, &'static str>) {
        let mut questions = Vec::new();
        let learn = |known: &mut [Option<u32>; 2], at: usize| {
            questions.push(at);
            known[at] = Some(facts[at]?);
            Ok(())
        };
        let turn = |known: &[Option<u32>; 2]| {
            let first = known[0].ok_or(0_usize)?;
            if first == 13 {
                return Ok(Err("acting failed"));
            }
            let second = if first.is_multiple_of(2) { known[1].ok_or(1_usize)? } else { 0 };
            Ok(Ok(first + second))
        };
        assert_eq!(asking([None; 2], learn, turn), want);
        assert_eq!(questions, asked);
    }

    #[test]
    fn only_what_is_missing_is_asked_and_once() {
        check([Ok(2), Ok(3)], &[0, 1], Ok(5));
        check([Ok(1), Ok(3)], &[0], Ok(1));
    }

    #[test]
    fn what_fails_ends_it() {
        check([Err("gone"), Ok(3)], &[0], Err("gone"));
        check([Ok(2), Err("gone")], &[0, 1], Err("gone"));
        check([Ok(13), Ok(3)], &[0], Err("acting failed"));
    }
}
