//! Where the description is found, and what is said where it is not.

use std::path::Path;
use std::sync::Arc;

use crate::description::Description;

/// In the data that others published.
const FILE: &str = "github-openapi/api.github.com.json.gz";

impl Description {
    /// GitHub's description from the test data, or `None` after noting that the test is skipped: the caller returns.
    ///
    /// # Panics
    /// Where the file is there and cannot be read.
    #[must_use]
    pub fn for_tests() -> Option<Arc<Self>> {
        counterparts::data(&counterparts::this_test(), FILE).map(|path| read(&path))
    }

    /// The same for a test that has other things to say where the description is absent.
    ///
    /// # Panics
    /// Where the file is there and cannot be read.
    #[must_use]
    pub fn if_present() -> Option<Arc<Self>> {
        Some(counterparts::data_path(FILE)).filter(|path| path.exists()).map(|path| read(&path))
    }
}

fn read(path: &Path) -> Arc<Description> {
    Description::load(path).unwrap_or_else(|error| panic!("{error:#}"))
}
