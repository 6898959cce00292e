//! Where Bugzilla is shown the API key; versions differ in where they look.

use std::str::FromStr;

/// `--bugzilla-auth-method`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AuthMethod {
    /// `bearer`: in `Authorization`.
    Bearer,
    /// `query`: as `api_key`.
    Query,
    /// `x-bugzilla-api-key`: in the header of that name.
    Header,
    /// Empty: in the query and in the header, of which each version knows one.
    #[default]
    QueryAndHeader,
}

impl FromStr for AuthMethod {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "bearer" => Ok(Self::Bearer),
            "query" => Ok(Self::Query),
            "x-bugzilla-api-key" => Ok(Self::Header),
            "" => Ok(Self::QueryAndHeader),
            _ => Err("write bearer, query or x-bugzilla-api-key".to_owned()),
        }
    }
}
