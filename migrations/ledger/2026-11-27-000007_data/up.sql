-- What firms say of the bureau's records: corrections, statements to violations, and the notice before a violation leaves.

-- Entries that change what a section says as a delivery does, written with the entry: index, whose section, what of it.
-- A change of the fairness rule is nobody's: its taxpayer is empty.
CREATE TABLE annotation_entry (
  idx BIGINT PRIMARY KEY NOT NULL,
  kind TEXT NOT NULL,
  object_id TEXT NOT NULL,
  taxpayer_id TEXT NOT NULL,
  section TEXT NOT NULL
);
CREATE INDEX annotation_entry_by_taxpayer ON annotation_entry (taxpayer_id, section, idx);

-- A firm says that a record is wrong. Open until it has an outcome.
CREATE TABLE correction (
  id TEXT PRIMARY KEY NOT NULL,
  taxpayer_id TEXT NOT NULL,
  section TEXT NOT NULL,
  record_key TEXT NOT NULL,
  text TEXT NOT NULL,
  requested_at TIMESTAMP NOT NULL,
  requested_as TEXT NOT NULL,
  check_by DATE NOT NULL,
  source_by DATE NOT NULL,
  extended_by DATE NOT NULL,
  outcome TEXT,
  note TEXT,
  resolved_at TIMESTAMP
);
CREATE INDEX correction_by_taxpayer ON correction (taxpayer_id, id);
CREATE UNIQUE INDEX correction_open_once ON correction (taxpayer_id, section, record_key) WHERE outcome IS NULL;

-- A firm was told of a violation before its first release; `last_day` is the last on which it is not released.
CREATE TABLE violation_notice (
  id TEXT PRIMARY KEY NOT NULL,
  taxpayer_id TEXT NOT NULL,
  record_key TEXT NOT NULL,
  notified_at TIMESTAMP NOT NULL,
  last_day DATE NOT NULL,
  UNIQUE (taxpayer_id, record_key)
);

-- A firm's statement to a violation; the newest travels with it.
CREATE TABLE violation_statement (
  id TEXT PRIMARY KEY NOT NULL,
  taxpayer_id TEXT NOT NULL,
  record_key TEXT NOT NULL,
  text TEXT NOT NULL,
  made_at TIMESTAMP NOT NULL
);
CREATE INDEX violation_statement_by_taxpayer ON violation_statement (taxpayer_id, id);

-- How many working days' notice a violation needs from an entry of the ledger on; 0 for none.
CREATE TABLE fairness_rule (
  id TEXT PRIMARY KEY NOT NULL,
  notice_working_days BIGINT NOT NULL,
  changed_at TIMESTAMP NOT NULL
);

INSERT INTO sentinel_cursor (name, position) VALUES ('violation-notices', 0);

CREATE INDEX IF NOT EXISTS consent_by_taxpayer ON consent (taxpayer_id, id);
