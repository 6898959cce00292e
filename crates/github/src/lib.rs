//! The GitHub client: auth, retries, ETag cache, rate budget.
