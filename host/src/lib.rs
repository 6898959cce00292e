//! Webhook in, event, dispatch, sandbox, journal, the client-agent.
