-- What the audit searches by, one row an entry, filled behind the ledger by a follower. Derived: it can be made anew.
-- member: whom the entry concerns, where that is not its actor. taxpayer_id and bank_ref: of the release or consent.
CREATE TABLE entry_fact (
  idx BIGINT PRIMARY KEY NOT NULL,
  at TIMESTAMP NOT NULL,
  kind TEXT NOT NULL,
  actor TEXT NOT NULL,
  member TEXT,
  object_id TEXT NOT NULL,
  taxpayer_id TEXT,
  outcome TEXT,
  bank_ref TEXT
);
CREATE INDEX entry_fact_by_at ON entry_fact (at);
CREATE INDEX entry_fact_by_kind ON entry_fact (kind, idx);
CREATE INDEX entry_fact_by_actor ON entry_fact (actor, idx);
CREATE INDEX entry_fact_by_actor_kind ON entry_fact (actor, kind, idx);
CREATE INDEX entry_fact_by_member ON entry_fact (member, idx) WHERE member IS NOT NULL;
CREATE INDEX entry_fact_by_member_kind ON entry_fact (member, kind, idx) WHERE member IS NOT NULL;
CREATE INDEX entry_fact_by_taxpayer ON entry_fact (taxpayer_id, idx) WHERE taxpayer_id IS NOT NULL;
CREATE INDEX entry_fact_by_outcome ON entry_fact (outcome, idx) WHERE outcome IS NOT NULL;
CREATE INDEX entry_fact_by_bank_ref ON entry_fact (bank_ref, idx) WHERE bank_ref IS NOT NULL;

-- How far entry_fact goes, and the hash of the last entry it holds: another hash there means another ledger.
CREATE TABLE entry_fact_cursor (
  id INTEGER PRIMARY KEY NOT NULL CHECK (id = 1),
  next_idx BIGINT NOT NULL,
  last_hash TEXT NOT NULL
);
INSERT INTO entry_fact_cursor (id, next_idx, last_hash) VALUES (1, 0, '');

-- An inspection's mandate: which bank and period the regulator may see taxpayers of. In force once a second person approved.
CREATE TABLE mandate (
  id TEXT PRIMARY KEY NOT NULL,
  notice_no TEXT NOT NULL,
  bank TEXT NOT NULL REFERENCES member (id),
  period_from TIMESTAMP NOT NULL,
  period_to TIMESTAMP NOT NULL,
  opened_at TIMESTAMP NOT NULL,
  opened_by TEXT NOT NULL,
  opened_certificate TEXT NOT NULL,
  approved_at TIMESTAMP,
  approved_by TEXT,
  approved_certificate TEXT
);
