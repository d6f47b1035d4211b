-- The brake and the sentinels: what is held, what was found, what banks were asked to justify.
-- Portable: runs on SQLite and PostgreSQL alike.

CREATE TABLE hold (
  id TEXT PRIMARY KEY NOT NULL,
  target TEXT NOT NULL,
  value TEXT NOT NULL,
  reason TEXT NOT NULL,
  until TIMESTAMP,
  placed_at TIMESTAMP NOT NULL,
  placed_by TEXT NOT NULL,
  lifted_at TIMESTAMP,
  lifted_by TEXT
);
-- Read in every write unit once there was a hold: a handful of rows, however many were lifted.
CREATE INDEX hold_not_lifted ON hold (id) WHERE lifted_at IS NULL;

-- Index of the newest entry that placed or lifted a hold, or -1. It is read under the head's lock, so a unit that
-- decided in sight of fewer holds decides again.
ALTER TABLE ledger_head ADD COLUMN last_hold_index BIGINT NOT NULL DEFAULT -1;

-- How far the sentinels have read: one row a reader, moved by compare-and-swap, so that one process at a time reads on.
CREATE TABLE sentinel_cursor (
  name TEXT PRIMARY KEY NOT NULL,
  position BIGINT NOT NULL
);
INSERT INTO sentinel_cursor (name, position) VALUES ('entries', 0), ('unused-pulls', 0);

-- The newest dossier of each taxpayer that went to each bank.
CREATE TABLE sentinel_seen (
  taxpayer_id TEXT NOT NULL,
  bank TEXT NOT NULL,
  idx BIGINT NOT NULL,
  at TIMESTAMP NOT NULL,
  release_id TEXT NOT NULL,
  PRIMARY KEY (taxpayer_id, bank)
);

-- Taxpayers that nobody has reason to pull.
CREATE TABLE canary (
  taxpayer_id TEXT PRIMARY KEY NOT NULL,
  added_at TIMESTAMP NOT NULL,
  added_by TEXT NOT NULL
);

-- What a bank was asked to justify. `cause` tells findings of one rule apart, `through` is the newest entry found.
CREATE TABLE sentinel_case (
  id TEXT PRIMARY KEY NOT NULL,
  rule TEXT NOT NULL,
  bank TEXT NOT NULL REFERENCES member (id),
  cause TEXT NOT NULL,
  taxpayer_id TEXT,
  releases TEXT NOT NULL,
  detail TEXT NOT NULL,
  through BIGINT NOT NULL,
  status TEXT NOT NULL,
  opened_at TIMESTAMP NOT NULL,
  answer TEXT,
  answered_at TIMESTAMP,
  outcome TEXT,
  note TEXT,
  closed_at TIMESTAMP
);
CREATE INDEX sentinel_case_by_bank ON sentinel_case (bank, id);
CREATE UNIQUE INDEX sentinel_case_once ON sentinel_case (rule, bank, cause) WHERE status <> 'closed';

CREATE TABLE objection (
  id TEXT PRIMARY KEY NOT NULL,
  release_id TEXT NOT NULL REFERENCES release (id),
  text TEXT NOT NULL,
  case_id TEXT,
  raised_at TIMESTAMP NOT NULL,
  raised_by TEXT NOT NULL
);
