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
