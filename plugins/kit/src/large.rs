//! Questions about the files of a change, asked in parts: one change may have thousands of them, and what one call may
//! take along is bounded (`limits.argument`).

use crate::bindings::bowsprit::plugin::job_config::{self, JobId};
use crate::bindings::bowsprit::plugin::owners::{self, OwnersGroup};
use crate::{ApiError, ClientAgent};

/// How long the paths of one call are at the most, as JSON: half of what a plugin may give to one call, unless it is
/// configured otherwise. And how many they are: half of what the contract takes.
const MOST_BYTES: usize = 512 << 10;
const MOST_PATHS: usize = 5_000;

/// Who governs these files of a branch, each answer once; a group's files stand in `paths`. One call for each 512 KiB of
/// paths.
///
/// # Errors
/// As the contract's `group-files`.
pub fn owners_of(agent: &ClientAgent, branch: &str, paths: &[String]) -> Result<Vec<OwnersGroup>, ApiError> {
    in_parts(paths, |part| owners::group_files(agent, branch, part))
}

/// Which of these jobs are concerned by a change of these files, each once. One call for each 512 KiB of paths.
///
/// # Errors
/// As the contract's `matching-changes`.
pub fn jobs_concerned(agent: &ClientAgent, jobs: &[JobId], paths: &[String]) -> Result<Vec<JobId>, ApiError> {
    // A change concerns a job if one of its files does, so the parts add up; but without files it is one part all the same.
    if paths.is_empty() {
        return job_config::matching_changes(agent, jobs, paths);
    }
    let mut concerned = Vec::new();
    for part in parts(paths) {
        concerned.extend(job_config::matching_changes(agent, jobs, &paths[part])?);
    }
    concerned.sort_unstable();
    concerned.dedup();
    Ok(concerned)
}

fn in_parts<E>(
    paths: &[String],
    mut ask: impl FnMut(&[String]) -> Result<Vec<OwnersGroup>, E>,
) -> Result<Vec<OwnersGroup>, E> {
    let mut groups = Vec::new();
    for part in parts(paths) {
        // No list of a component has more than 2^32 entries.
        let first = u32::try_from(part.start).unwrap_or(u32::MAX);
        let mut found = ask(&paths[part])?;
        found.iter_mut().flat_map(|group| &mut group.files).for_each(|file| *file += first);
        groups.append(&mut found);
    }
    Ok(groups)
}

/// All paths, in runs that one call takes.
fn parts(paths: &[String]) -> impl Iterator<Item = std::ops::Range<usize>> {
    let mut end = 0;
    std::iter::from_fn(move || {
        let start = end;
        let mut bytes = 0;
        while let Some(path) = paths.get(end) {
            bytes += length(path);
            // One path alone is never too long.
            if end > start && (bytes > MOST_BYTES || end - start == MOST_PATHS) {
                break;
            }
            end += 1;
        }
        (end > start).then_some(start..end)
    })
}

/// In a list, as JSON: with its quotes and a comma.
fn length(path: &str) -> usize {
    let escaped = path.bytes().map(|byte| match byte {
        b'"' | b'\\' => 2,
        0..=0x1f => 6,
        _ => 1,
    });
    escaped.sum::<usize>() + 3
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bindings::bowsprit::plugin::owners::FileOwners;

    #[track_caller]
    fn check(paths: &[String], want: &[(usize, usize)]) {
        let got: Vec<_> = parts(paths).map(|part| (part.start, part.end)).collect();
        assert_eq!(got, want);
        for part in parts(paths).filter(|part| part.len() > 1) {
            assert!(serde_json::to_string(&paths[part]).unwrap().len() <= MOST_BYTES + 1);
        }
    }

    #[test]
    fn the_parts_are_all_of_it_in_order_and_none_is_too_long() {
        let path = |letter: &str, length: usize| letter.repeat(length);
        check(&[], &[]);
        check(&[path("a", 10)], &[(0, 1)]);
        check(&vec![path("a", 247); 3_000], &[(0, 2097), (2097, 3_000)]);
        check(&vec![path("\"", 247); 3_000], &[(0, 1054), (1054, 2108), (2108, 3_000)]);
        check(&vec![path("\u{1}", 4096); 30], &[(0, 21), (21, 30)]);
        check(&[path("a", 1), path("a", MOST_BYTES), path("a", 1)], &[(0, 1), (1, 2), (2, 3)]);
        check(&vec![path("a", 1); 5_001], &[(0, 5_000), (5_000, 5_001)]);
    }

    #[test]
    fn a_group_of_a_later_part_names_its_files_by_their_places_among_all() {
        let paths = vec!["x".repeat(1000); 1_000];
        let mut asked = Vec::new();
        let groups = in_parts(&paths, |part| {
            asked.push(part.len());
            let group = |files| OwnersGroup { owners: file_owners(), files };
            Ok::<_, ()>(vec![group(vec![0, 2]), group(vec![1])])
        });
        assert_eq!(asked, [522, 478]);
        let files: Vec<_> = groups.unwrap().into_iter().map(|group| group.files).collect();
        assert_eq!(files, [vec![0, 2], vec![1], vec![522, 524], vec![523]]);
    }

    fn file_owners() -> FileOwners {
        FileOwners {
            path: String::new(),
            approvers_folder: String::new(),
            reviewers_folder: String::new(),
            leaf_approvers: Vec::new(),
            approvers: Vec::new(),
            leaf_reviewers: Vec::new(),
            reviewers: Vec::new(),
            required_reviewers: Vec::new(),
            labels: Vec::new(),
            no_parent_owners: false,
            auto_approve_unowned_subfolders: false,
        }
    }
}
