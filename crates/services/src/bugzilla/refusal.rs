//! How Bugzilla says no: `{"error": true, "code": …, "message": …}`, whatever the status.

use serde::Deserialize;

use crate::error::Refusal;
use crate::http_client::Answer;

#[derive(Deserialize)]
struct Complaint {
    error: bool,
    #[serde(default)]
    code: i64,
    #[serde(default)]
    message: String,
}

#[derive(Deserialize)]
struct RpcFault {
    #[serde(rename = "error")]
    _error: serde_json::Map<String, serde_json::Value>,
}

pub(crate) fn judge(answer: &Answer) -> Result<(), (Refusal, String)> {
    if serde_json::from_slice::<RpcFault>(&answer.body).is_ok() {
        // JSON-RPC's, with any status; `external` reads it.
        return Ok(());
    }
    let complaint: Option<Complaint> = serde_json::from_slice(&answer.body).ok();
    match complaint {
        Some(complaint) if complaint.error => {
            let meaning = meaning(complaint.code).unwrap_or_else(|| match Refusal::of_status(answer.status) {
                // An unknown complaint with a status of success is still one.
                Refusal::Other => Refusal::Invalid,
                refusal => refusal,
            });
            Err((meaning, format!("code {}: {}", complaint.code, complaint.message)))
        }
        _ if answer.status.is_success() => Ok(()),
        _ => Err((Refusal::of_status(answer.status), format!("HTTP status {}", answer.status))),
    }
}

/// Bugzilla's error codes, from its `WebService::Constants`; `None` for those whose HTTP status says as much.
pub(crate) fn meaning(code: i64) -> Option<Refusal> {
    match code {
        // No bug of that alias; no bug of that number.
        100 | 101 => Some(Refusal::NotFound),
        // No access to the bug, its product or group; wrong, absent, expired or locked credentials.
        102 | 106 | 109 | 110 | 113 | 115 | 120 | 300..=306 | 410 | 504 | 505 => Some(Refusal::Denied),
        // Changed by somebody else meanwhile; the alias is taken.
        103 => Some(Refusal::Conflict),
        // 51 is a status, product or other value that there is none of.
        50..=56 | 104 | 105 | 107 | 108 | 112 | 114 | 116..=119 | 121 | 122 => Some(Refusal::Invalid),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::{HeaderMap, StatusCode};

    use super::*;

    #[track_caller]
    fn check(status: u16, body: &'static str, want: Result<(), Refusal>) {
        let status = StatusCode::from_u16(status).unwrap();
        let answer = Answer { status, headers: HeaderMap::new(), body: Bytes::from_static(body.as_bytes()) };
        assert_eq!(judge(&answer).map_err(|(refusal, _)| refusal), want, "{status} {body}");
    }

    #[test]
    fn the_code_in_the_body_counts_before_the_status() {
        check(200, r#"{"bugs":[]}"#, Ok(()));
        check(200, r#"{"error":null,"result":{}}"#, Ok(()));
        check(200, r#"{"error":{"code":1006},"result":null}"#, Ok(()));
        check(500, r#"{"error":{"code":1006},"result":null}"#, Ok(()));
        check(404, r#"{"error":true,"code":101,"message":"Bug #9 does not exist."}"#, Err(Refusal::NotFound));
        check(200, r#"{"error":true,"code":102,"message":"You are not authorized"}"#, Err(Refusal::Denied));
        check(400, r#"{"error":true,"code":306,"message":"The API key is invalid"}"#, Err(Refusal::Denied));
        check(400, r#"{"error":true,"code":410,"message":"You must log in"}"#, Err(Refusal::Denied));
        check(400, r#"{"error":true,"code":103,"message":"alias is taken"}"#, Err(Refusal::Conflict));
        check(404, r#"{"error":true,"code":51,"message":"There is no status named 'X'."}"#, Err(Refusal::Invalid));
        check(400, r#"{"error":true,"code":32000,"message":"no such status"}"#, Err(Refusal::Invalid));
        check(200, r#"{"error":true,"code":32000,"message":"no such status"}"#, Err(Refusal::Invalid));
        check(401, "<html>", Err(Refusal::Denied));
        check(429, "", Err(Refusal::Limited));
        check(502, "<html>", Err(Refusal::Broken));
    }
}
