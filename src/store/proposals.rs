//! Changes that wait for a second person.

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::db::AnyConnection;
use super::error::{StoreError, StoreResult};
use super::schema::proposal;
use crate::domain::proposal::{Person, ProposalStatus};
use crate::domain::timestamp::Timestamp;

/// A proposal as stored.
#[derive(Clone, Debug)]
pub struct Proposal {
    /// Its id.
    pub id: String,
    /// What is proposed, as JSON that the service reads.
    pub change: String,
    /// Where it stands; an open one may have lapsed meanwhile.
    pub status: ProposalStatus,
    /// Who proposed it.
    pub proposer: Person,
    /// When.
    pub proposed_at: Timestamp,
    /// From when on nobody can approve it any more.
    pub expires_at: Timestamp,
    /// Member and label of who decided, and when.
    pub decided: Option<(String, String, Timestamp)>,
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = proposal)]
struct Row {
    id: String,
    change: String,
    status: String,
    proposed_member: String,
    proposed_label: String,
    proposed_credential: String,
    proposed_at: NaiveDateTime,
    expires_at: NaiveDateTime,
    decided_member: Option<String>,
    decided_label: Option<String>,
    decided_at: Option<NaiveDateTime>,
}

impl Row {
    fn parse(self) -> StoreResult<Proposal> {
        let decided = match (self.decided_member, self.decided_label, self.decided_at) {
            (Some(member), Some(label), Some(at)) => Some((member, label, Timestamp::from_naive(at))),
            _undecided => None,
        };
        Ok(Proposal {
            id: self.id,
            change: self.change,
            status: self.status.parse().map_err(|why| StoreError::corrupt("proposal", why))?,
            proposer: Person {
                member: self.proposed_member,
                label: self.proposed_label,
                credential: self.proposed_credential,
            },
            proposed_at: Timestamp::from_naive(self.proposed_at),
            expires_at: Timestamp::from_naive(self.expires_at),
            decided,
        })
    }
}

/// Adds a proposal.
pub fn insert(connection: &mut AnyConnection, new: &Proposal) -> StoreResult<()> {
    let row = Row {
        id: new.id.clone(),
        change: new.change.clone(),
        status: new.status.to_string(),
        proposed_member: new.proposer.member.clone(),
        proposed_label: new.proposer.label.clone(),
        proposed_credential: new.proposer.credential.clone(),
        proposed_at: new.proposed_at.naive(),
        expires_at: new.expires_at.naive(),
        decided_member: None,
        decided_label: None,
        decided_at: None,
    };
    diesel::insert_into(proposal::table).values(&row).execute(connection)?;
    Ok(())
}

/// A proposal, locked until the unit of work ends.
pub fn lock(connection: &mut AnyConnection, id: &str) -> StoreResult<Option<Proposal>> {
    let row: Option<Row> = match connection {
        AnyConnection::Pg(c) => proposal::table.find(id).for_update().get_result(c).optional()?,
        AnyConnection::Sqlite(c) => proposal::table.find(id).get_result(c).optional()?,
    };
    row.map(Row::parse).transpose()
}

/// Notes who decided an open proposal, and how.
pub fn decide(
    connection: &mut AnyConnection,
    id: &str,
    status: ProposalStatus,
    decider: &Person,
    at: Timestamp,
) -> StoreResult<()> {
    diesel::update(proposal::table.find(id))
        .set((
            proposal::status.eq(status.as_str()),
            proposal::decided_member.eq(&decider.member),
            proposal::decided_label.eq(&decider.label),
            proposal::decided_at.eq(at.naive()),
        ))
        .execute(connection)?;
    Ok(())
}

/// One page of proposals by id, which is also the order in which they were made.
pub fn page(connection: &mut AnyConnection, after: &str, limit: i64) -> StoreResult<Vec<Proposal>> {
    let rows: Vec<Row> =
        proposal::table.filter(proposal::id.gt(after)).order(proposal::id).limit(limit).load(connection)?;
    rows.into_iter().map(Row::parse).collect()
}
