//! An event is parsed: the first line of the input is its name, the rest its body.

/// One input.
pub(crate) fn run(data: &[u8]) {
    let mut parts = data.splitn(2, |byte| *byte == b'\n');
    let (name, body) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let Ok(name) = std::str::from_utf8(name) else { return };
    let parsed = prow::event::parse(name, body);
    let is_object = matches!(serde_json::from_slice(body), Ok(serde_json::Value::Object(_)));
    // GitHub may change what is in a body; an object is an event all the same.
    assert_eq!(parsed.is_ok(), is_object, "{parsed:?}");
    let Ok(event) = parsed else { return };
    assert_eq!(event.name, name);
    let _ = (event.key(), event.generic_comment());
}
