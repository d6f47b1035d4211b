//! What a key is for, and what happens to it: the words of a `key.changed` entry (`protocol`, ledger entries).

use super::member::wire_enum;

wire_enum! {
    /// What a key is for.
    pub enum KeyUse {
        /// The exchange's: signs dossiers.
        Dossier = "dossier",
        /// The exchange's: signs checkpoints.
        Ledger = "ledger",
        /// The exchange's: salts disclosures.
        Salt = "salt",
        /// A member's: signs decisions (RFC 7517 section 4.2).
        Signing = "sig",
        /// A member's: dossiers are encrypted to it (RFC 7517 section 4.2).
        Encryption = "enc",
    }
}

wire_enum! {
    /// What happened to a key.
    pub enum KeyChange {
        /// It is used from now, or from a stated instant.
        Added = "added",
        /// Another takes its place; what it signed stays valid.
        Retired = "retired",
    }
}
