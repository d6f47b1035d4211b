//! What the tests stand on: databases, a gateway, its members' clients, and an oracle over the ledger.

pub mod child;
pub mod clock;
pub mod oracle;
pub mod portal;
pub mod portal_consent;
pub mod postgres;
pub mod raw;
pub mod reasons;
pub mod servers;
pub mod site;
pub mod small_disk;
pub mod sql;
pub mod wire;
pub mod witness;

pub use site::{Backend, Site};

/// Makes two tests of one async function that takes a [`Backend`]: one on SQLite, one on PostgreSQL.
macro_rules! both_backends {
    ($($name:ident),+ $(,)?) => {
        $(mod $name {
            #[test]
            fn sqlite() {
                $crate::support::site::run($crate::support::Backend::Sqlite, super::$name);
            }
            #[test]
            fn postgres() {
                $crate::support::site::run($crate::support::Backend::Postgres, super::$name);
            }
        })+
    };
}
pub(crate) use both_backends;
