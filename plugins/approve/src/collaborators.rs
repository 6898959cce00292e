//! OWNERS files as if they named collaborators alone: who has left has no say. Behaviour: Prow pkg/repoowners, which
//! takes the others out before anything is looked up; a folder of which nobody is left is then governed by those above.

use std::collections::BTreeSet;

use kit::owners::FileOwners;

use crate::approvers::above;

/// What governs each of these paths among the collaborators (in lower case); among everybody where that is `None`. `ask`
/// answers for paths as OWNERS files are written.
///
/// # Errors
/// As `ask`.
pub fn governed<E>(
    paths: &[String],
    collaborators: Option<&BTreeSet<String>>,
    mut ask: impl FnMut(&[String]) -> Result<Vec<FileOwners>, E>,
) -> Result<Vec<FileOwners>, E> {
    let mut answers = ask(paths)?;
    let Some(collaborators) = collaborators else { return Ok(answers) };
    loop {
        for answer in &mut answers {
            answer.leaf_approvers.retain(|login| collaborators.contains(login));
            answer.approvers.retain(|login| collaborators.contains(login));
        }
        let left = |answer: &FileOwners| answer.leaf_approvers.is_empty() && !answer.approvers_folder.is_empty();
        let deserted: Vec<usize> = (0..answers.len()).filter(|at| left(&answers[*at])).collect();
        if deserted.is_empty() {
            return Ok(answers);
        }
        let higher: Vec<String> = deserted.iter().map(|at| stand_in(&answers[*at])).collect();
        for (at, answer) in deserted.into_iter().zip(ask(&higher)?) {
            let path = std::mem::take(&mut answers[at].path);
            answers[at] = FileOwners { path, ..answer };
        }
    }
}

/// A path that only those above the deserted folder govern: a file beside that folder, whose name ends alike, so that
/// `filters` by endings still hold. With NUL in it, which no name in git has, it is neither a folder nor a file with
/// owners of its own.
fn stand_in(answer: &FileOwners) -> String {
    let name = answer.path.rsplit('/').next().unwrap_or_default();
    match above(&answer.approvers_folder) {
        "" => format!("\0{name}"),
        folder => format!("{folder}/\0{name}"),
    }
}
