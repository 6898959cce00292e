//! Jobs that a repository defines itself, beside those of config.yaml.

use kit::ApiError;

/// All jobs. Where the repository's own cannot be had, the others count alone, as in Prow, and why is in the log.
pub(crate) fn beside<T>(central: Vec<T>, own: Result<Vec<T>, ApiError>) -> Vec<T> {
    let (jobs, why_not) = together(central, own);
    if let Some(why_not) = why_not {
        kit::warn(why_not);
    }
    jobs
}

/// All that there are, and why these are not all.
fn together<T>(mut central: Vec<T>, own: Result<Vec<T>, ApiError>) -> (Vec<T>, Option<String>) {
    match own {
        Ok(own) => {
            central.extend(own);
            (central, None)
        }
        Err(error) => (central, Some(format!("only central jobs count, not the repository's own: {}", error.message))),
    }
}

#[cfg(test)]
mod tests {
    use kit::ErrorKind;

    use super::*;

    #[test]
    fn case_56_central_jobs_count_where_those_of_the_repository_cannot_be_had() {
        for kind in [ErrorKind::Invalid, ErrorKind::Conflict, ErrorKind::NotFound, ErrorKind::Other] {
            let error = ApiError { kind, message: ".prow.yaml:3:5: wrong".to_owned() };
            let (jobs, why_not) = together(vec![1, 2], Err(error));
            assert_eq!(jobs, [1, 2]);
            assert!(why_not.unwrap().ends_with("own: .prow.yaml:3:5: wrong"));
        }
        assert_eq!(together(vec![1, 2], Ok(vec![3])), (vec![1, 2, 3], None));
    }
}
