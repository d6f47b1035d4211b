//! The audit's index of entries: what each is about, so that a million are searched without reading them.
//!
//! Filled behind the ledger, in batches. Entries that it does not hold yet are read from the ledger itself and
//! described by the same function, so a search over both is exact.

use std::collections::HashMap;

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::annotations;
use super::db::{AnyConnection, on_backend};
use super::error::{StoreError, StoreResult};
use super::ledger::signed;
use super::schema::{
    consent, consent_request, entry_fact, entry_fact_cursor, hold, intermediary_report, ledger_entry,
    objection, own_copy, product, release, sentinel_case,
};
use crate::domain::hold::HoldKind;
use crate::domain::timestamp::Timestamp;
use crate::ledger::entry::{Entry, EntryKind};
use crate::seal::digest::base64url;

/// What an entry is about.
#[derive(Queryable, Insertable, Clone, PartialEq, Eq, Debug)]
#[diesel(table_name = entry_fact)]
#[diesel(treat_none_as_default_value = false)]
pub struct FactRow {
    /// Index of the entry.
    pub idx: i64,
    /// The index again, as the second column of what a search walks.
    pub place: i64,
    /// Its instant.
    pub at: NaiveDateTime,
    /// What happened.
    pub kind: String,
    /// The member that acted.
    pub actor: String,
    /// The member it concerns, where that is another.
    pub member: Option<String>,
    /// What it happened to.
    pub object_id: String,
    /// Whose data, of a release or a consent.
    pub taxpayer_id: Option<String>,
    /// Of a decided pull: `granted`, or the true reason of the refusal.
    pub outcome: Option<String>,
    /// The bank's own case number, of a release.
    pub bank_ref: Option<String>,
}

/// How far the index goes.
#[derive(Queryable, Clone, PartialEq, Eq, Debug)]
pub struct Cursor {
    _id: i32,
    /// Index of the first entry that it does not hold.
    pub next_idx: i64,
    /// base64url of the leaf hash of the last entry that it holds; empty if it holds none.
    pub last_hash: String,
}

#[derive(Queryable)]
struct EntryRow {
    idx: i64,
    kind: String,
    object_id: String,
    actor: String,
    leaf: Vec<u8>,
}

/// How far the index goes now.
pub fn cursor(connection: &mut AnyConnection) -> StoreResult<Cursor> {
    Ok(on_backend!(connection, c => entry_fact_cursor::table.find(1).get_result(c))?)
}

/// Whether the index belongs to this ledger: the last entry it holds is the ledger's entry of that index.
pub fn belongs(connection: &mut AnyConnection, cursor: &Cursor) -> StoreResult<bool> {
    match cursor.next_idx.checked_sub(1) {
        None | Some(-1) => Ok(true),
        Some(last) => Ok(hash_text(connection, last)? == Some(cursor.last_hash.clone())),
    }
}

fn hash_text(connection: &mut AnyConnection, idx: i64) -> StoreResult<Option<String>> {
    let hash: Option<Vec<u8>> = on_backend!(connection, c => ledger_entry::table
        .find(idx).select(ledger_entry::leaf_hash).get_result(c).optional())?;
    Ok(hash.map(|hash| base64url(&hash)))
}

/// Adds these rows if the index still ends where `expected` says; `false` if another process was first.
pub fn advance(connection: &mut AnyConnection, expected: &Cursor, rows: &[FactRow]) -> StoreResult<bool> {
    let Some(last) = rows.last() else { return Ok(false) };
    let present: Cursor = match connection {
        AnyConnection::Pg(c) => entry_fact_cursor::table.find(1).for_update().get_result(c)?,
        // The transaction began immediate: it holds the one write lock.
        AnyConnection::Sqlite(c) => entry_fact_cursor::table.find(1).get_result(c)?,
    };
    let Some(last_hash) = hash_text(connection, last.idx)?.filter(|_| present == *expected) else {
        return Ok(false);
    };
    match connection {
        AnyConnection::Pg(c) => {
            diesel::insert_into(entry_fact::table).values(rows).execute(c)?;
        }
        AnyConnection::Sqlite(c) => {
            for row in rows {
                diesel::insert_into(entry_fact::table).values(row).execute(c)?;
            }
        }
    }
    move_to(connection, last.idx + 1, &last_hash)?;
    Ok(true)
}

/// Empties the index, if it is still the one that was found to be another ledger's.
pub fn clear(connection: &mut AnyConnection, expected: &Cursor) -> StoreResult<()> {
    move_to(connection, 0, "")?;
    if expected.next_idx > 0 {
        on_backend!(connection, c => diesel::delete(entry_fact::table).execute(c))?;
    }
    Ok(())
}

fn move_to(connection: &mut AnyConnection, next_idx: i64, last_hash: &str) -> StoreResult<()> {
    let changes = (entry_fact_cursor::next_idx.eq(next_idx), entry_fact_cursor::last_hash.eq(last_hash));
    on_backend!(connection, c => diesel::update(entry_fact_cursor::table.find(1)).set(changes).execute(c))?;
    Ok(())
}

/// Describes the entries `from..to` out of the ledger and what its entries refer to.
pub fn describe(connection: &mut AnyConnection, from: i64, to: i64) -> StoreResult<Vec<FactRow>> {
    let entries: Vec<EntryRow> = on_backend!(connection, c => ledger_entry::table
        .filter(ledger_entry::idx.ge(from))
        .filter(ledger_entry::idx.lt(to))
        .order(ledger_entry::idx)
        .select((
            ledger_entry::idx,
            ledger_entry::kind,
            ledger_entry::object_id,
            ledger_entry::actor,
            ledger_entry::leaf,
        ))
        .load(c))?;
    let ids = |about: About| -> Vec<&str> {
        let mut ids: Vec<&str> =
            entries.iter().filter(|e| About::of(&e.kind) == about).map(|e| e.object_id.as_str()).collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    };
    let releases = releases(connection, &ids(About::Release))?;
    let consents = consents(connection, &ids(About::Consent))?;
    let requests = requests(connection, &ids(About::Request))?;
    let products = products(connection, &ids(About::Product))?;
    let annotated = annotations(connection, from, to)?;
    let mut rare = rare(connection, &ids(About::Hold), &ids(About::Case), &ids(About::Objection))?;
    rare.extend(firms_own(connection, &ids(About::Copy), &ids(About::Report))?);
    entries
        .into_iter()
        .map(|entry| {
            let about = match About::of(&entry.kind) {
                About::Release => releases.get(&entry.object_id).cloned(),
                About::Request => requests.get(&entry.object_id).cloned(),
                About::Consent => consents.get(&entry.object_id).cloned(),
                About::Product => products.get(&entry.object_id).cloned(),
                About::Member => Some(Known { member: Some(entry.object_id.clone()), ..Known::default() }),
                About::Hold | About::Case | About::Objection | About::Copy | About::Report => {
                    rare.get(&entry.object_id).cloned()
                }
                About::Annotation => annotated.get(&entry.idx).cloned(),
                About::Other => None,
            };
            fact(entry, about.unwrap_or_default())
        })
        .collect()
}

/// What the object of an entry is, by the entry's kind.
#[derive(Clone, Copy, PartialEq, Eq)]
enum About {
    Release,
    Copy,
    Report,
    Request,
    Consent,
    Product,
    Member,
    Hold,
    Case,
    Objection,
    Annotation,
    Other,
}

impl About {
    /// Kinds of a later version, whose names are not known here, are about nothing that is known here.
    fn of(kind: &str) -> Self {
        if kind == EntryKind::ReleaseSelf.as_str() {
            return About::Copy;
        }
        let of_request = [EntryKind::ConsentRequested, EntryKind::ConsentDeclined, EntryKind::ConsentLapsed];
        if of_request.iter().any(|known| known.as_str() == kind) {
            return About::Request;
        }
        match kind.split_once('.').map_or(kind, |(family, _)| family) {
            "release" | "audit" | "evidence" => About::Release,
            "report" => About::Report,
            "consent" | "deletion" => About::Consent,
            "product" => About::Product,
            "member" => About::Member,
            "hold" => About::Hold,
            "case" => About::Case,
            "objection" => About::Objection,
            "correction" | "violation" => About::Annotation,
            _another => About::Other,
        }
    }
}

/// What is known of an entry's object.
#[derive(Clone, Default)]
struct Known {
    member: Option<String>,
    taxpayer: Option<String>,
    outcome: Option<String>,
    bank_ref: Option<String>,
}

fn fact(entry: EntryRow, known: Known) -> StoreResult<FactRow> {
    let leaf = Entry::parse(&entry.leaf).map_err(|e| StoreError::corrupt("ledger_entry", e))?;
    let at: Timestamp = leaf.at.parse().map_err(|e| StoreError::corrupt("ledger_entry", e))?;
    let decided = [EntryKind::ReleaseGranted.as_str(), EntryKind::ReleaseRefused.as_str()];
    let is_decided = decided.contains(&entry.kind.as_str());
    Ok(FactRow {
        idx: entry.idx,
        place: entry.idx,
        at: at.naive(),
        member: known.member.filter(|member| *member != entry.actor),
        outcome: known.outcome.filter(|_| is_decided),
        taxpayer_id: known.taxpayer,
        bank_ref: known.bank_ref,
        kind: entry.kind,
        actor: entry.actor,
        object_id: entry.object_id,
    })
}

type ReleaseFacts = (String, String, Option<String>, String, Option<String>);

fn releases(connection: &mut AnyConnection, ids: &[&str]) -> StoreResult<HashMap<String, Known>> {
    let columns = (release::id, release::bank, release::taxpayer_id, release::outcome, release::bank_ref);
    let rows: Vec<ReleaseFacts> = match connection {
        AnyConnection::Pg(c) => release::table.filter(release::id.eq_any(ids)).select(columns).load(c)?,
        AnyConnection::Sqlite(c) => {
            let found: QueryResult<Vec<Option<ReleaseFacts>>> = ids
                .iter()
                .map(|id| release::table.find(*id).select(columns).get_result(c).optional())
                .collect();
            found?.into_iter().flatten().collect()
        }
    };
    Ok(rows
        .into_iter()
        .map(|(id, bank, taxpayer, outcome, bank_ref)| {
            (id, Known { member: Some(bank), taxpayer, outcome: Some(outcome), bank_ref })
        })
        .collect())
}

fn consents(connection: &mut AnyConnection, ids: &[&str]) -> StoreResult<HashMap<String, Known>> {
    let columns = (consent::id, consent::bank, consent::taxpayer_id);
    let rows: Vec<(String, String, String)> = match connection {
        AnyConnection::Pg(c) => consent::table.filter(consent::id.eq_any(ids)).select(columns).load(c)?,
        AnyConnection::Sqlite(c) => {
            let found: QueryResult<Vec<Option<(String, String, String)>>> = ids
                .iter()
                .map(|id| consent::table.find(*id).select(columns).get_result(c).optional())
                .collect();
            found?.into_iter().flatten().collect()
        }
    };
    Ok(rows
        .into_iter()
        .map(|(id, bank, taxpayer)| {
            (id, Known { member: Some(bank), taxpayer: Some(taxpayer), ..Known::default() })
        })
        .collect())
}

fn requests(connection: &mut AnyConnection, ids: &[&str]) -> StoreResult<HashMap<String, Known>> {
    let columns = (consent_request::id, consent_request::bank, consent_request::taxpayer_id);
    let mut found = HashMap::new();
    for id in ids {
        let row: Option<(String, String, String)> = on_backend!(connection, c => consent_request::table
            .find(*id)
            .select(columns)
            .get_result(c)
            .optional())?;
        found.extend(row.map(|(id, bank, taxpayer)| {
            (id, Known { member: Some(bank), taxpayer: Some(taxpayer), ..Known::default() })
        }));
    }
    Ok(found)
}

fn products(connection: &mut AnyConnection, ids: &[&str]) -> StoreResult<HashMap<String, Known>> {
    let columns = (product::id, product::bank);
    let rows: Vec<(String, String)> = match connection {
        AnyConnection::Pg(c) => product::table.filter(product::id.eq_any(ids)).select(columns).load(c)?,
        AnyConnection::Sqlite(c) => {
            let found: QueryResult<Vec<Option<(String, String)>>> = ids
                .iter()
                .map(|id| product::table.find(*id).select(columns).get_result(c).optional())
                .collect();
            found?.into_iter().flatten().collect()
        }
    };
    Ok(rows.into_iter().map(|(id, bank)| (id, Known { member: Some(bank), ..Known::default() })).collect())
}

/// Whose records were disputed, decided on, told of or spoken to by the entries `from..to`.
fn annotations(connection: &mut AnyConnection, from: i64, to: i64) -> StoreResult<HashMap<i64, Known>> {
    let rows = annotations::between(connection, from, to)?;
    let known = |taxpayer: String| Known { taxpayer: Some(taxpayer), ..Known::default() };
    Ok(rows.into_iter().map(|row| (row.idx, known(row.taxpayer_id))).collect())
}

/// What a few entries a day are about: read one by one.
fn rare(
    connection: &mut AnyConnection,
    held: &[&str],
    opened: &[&str],
    objected: &[&str],
) -> StoreResult<HashMap<String, Known>> {
    let mut found = HashMap::new();
    for id in held {
        let columns = (hold::target, hold::value);
        let row: Option<(String, String)> =
            on_backend!(connection, c => hold::table.find(*id).select(columns).get_result(c).optional())?;
        let Some((target, value)) = row else { continue };
        let known = match target.parse() {
            Ok(HoldKind::Member) => Known { member: Some(value), ..Known::default() },
            Ok(HoldKind::Taxpayer) => Known { taxpayer: Some(value), ..Known::default() },
            Ok(HoldKind::Product) => products(connection, &[&value])?.remove(&value).unwrap_or_default(),
            Ok(HoldKind::Section) | Err(_) => Known::default(),
        };
        found.insert((*id).to_owned(), known);
    }
    for id in opened {
        let columns = (sentinel_case::bank, sentinel_case::taxpayer_id);
        let row: Option<(String, Option<String>)> = on_backend!(connection, c => sentinel_case::table.find(*id).select(columns).get_result(c).optional())?;
        found.extend(row.map(|(bank, taxpayer)| {
            ((*id).to_owned(), Known { member: Some(bank), taxpayer, ..Known::default() })
        }));
    }
    for id in objected {
        let column = objection::release_id;
        let release: Option<String> =
            on_backend!(connection, c => objection::table.find(*id).select(column).get_result(c).optional())?;
        if let Some(release) = release
            && let Some(known) = releases(connection, &[&release])?.remove(&release)
        {
            found.insert((*id).to_owned(), known);
        }
    }
    Ok(found)
}

/// Whose copies and reports these are.
fn firms_own(
    connection: &mut AnyConnection,
    copied: &[&str],
    reported: &[&str],
) -> StoreResult<HashMap<String, Known>> {
    let mut found = HashMap::new();
    for id in copied {
        let row: Option<String> = on_backend!(connection, c => own_copy::table
            .find(*id).select(own_copy::taxpayer_id).get_result(c).optional())?;
        found.extend(
            row.map(|taxpayer| ((*id).to_owned(), Known { taxpayer: Some(taxpayer), ..Known::default() })),
        );
    }
    for id in reported {
        let row: Option<String> = on_backend!(connection, c => intermediary_report::table
            .find(*id).select(intermediary_report::taxpayer_id).get_result(c).optional())?;
        found.extend(
            row.map(|taxpayer| ((*id).to_owned(), Known { taxpayer: Some(taxpayer), ..Known::default() })),
        );
    }
    Ok(found)
}

/// The leaves of these entries, by index.
pub fn leaves(connection: &mut AnyConnection, indices: &[i64]) -> StoreResult<HashMap<i64, Vec<u8>>> {
    let columns = (ledger_entry::idx, ledger_entry::leaf);
    let rows: Vec<(i64, Vec<u8>)> = match connection {
        AnyConnection::Pg(c) => {
            ledger_entry::table.filter(ledger_entry::idx.eq_any(indices)).select(columns).load(c)?
        }
        AnyConnection::Sqlite(c) => {
            let found: QueryResult<Vec<(i64, Vec<u8>)>> = indices
                .iter()
                .map(|idx| ledger_entry::table.find(*idx).select(columns).get_result(c))
                .collect();
            found?
        }
    };
    Ok(rows.into_iter().collect())
}

/// An index of the ledger as the database stores it.
pub fn stored_index(index: u64) -> StoreResult<i64> {
    signed(index)
}
