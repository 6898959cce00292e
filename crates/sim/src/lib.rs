//! A stand-in GitHub with real state behind the real wire format.
