//! The transparency ledger: RFC 6962 tree, C2SP checkpoints and proofs. Knows bytes and hashes only.
