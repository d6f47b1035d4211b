-- The ledger side: who may speak, what was allowed, what left, and the one sequence that orders it.
-- Portable: runs on SQLite and PostgreSQL alike. Instants are UTC with microseconds.

CREATE TABLE member (
  id TEXT PRIMARY KEY NOT NULL,
  role TEXT NOT NULL,
  name TEXT NOT NULL,
  status TEXT NOT NULL,
  quota_per_day BIGINT NOT NULL CHECK (quota_per_day >= 0),
  created_at TIMESTAMP NOT NULL
);

CREATE TABLE member_certificate (
  fingerprint TEXT PRIMARY KEY NOT NULL,
  member_id TEXT NOT NULL REFERENCES member (id),
  label TEXT NOT NULL,
  not_before TIMESTAMP NOT NULL,
  not_after TIMESTAMP NOT NULL,
  withdrawn_at TIMESTAMP
);

CREATE TABLE product (
  id TEXT PRIMARY KEY NOT NULL,
  bank TEXT NOT NULL REFERENCES member (id),
  status TEXT NOT NULL,
  terms TEXT NOT NULL,
  profile TEXT,
  submitted_at TIMESTAMP NOT NULL,
  approved_at TIMESTAMP
);
CREATE INDEX product_by_bank ON product (bank, id);

CREATE TABLE consent (
  id TEXT PRIMARY KEY NOT NULL,
  taxpayer_id TEXT NOT NULL,
  bank TEXT NOT NULL REFERENCES member (id),
  product_id TEXT NOT NULL REFERENCES product (id),
  terms TEXT NOT NULL,
  digest TEXT NOT NULL,
  status TEXT NOT NULL,
  pulls_max BIGINT NOT NULL,
  pulls_used BIGINT NOT NULL CHECK (pulls_used >= 0 AND pulls_used <= pulls_max),
  granted_at TIMESTAMP NOT NULL,
  changed_at TIMESTAMP NOT NULL,
  revocation_reason TEXT
);
CREATE INDEX consent_by_bank ON consent (bank, id);

-- Every decided pull, granted or refused. Which entry of the ledger it is, ledger_entry.object_id tells.
CREATE TABLE release (
  id TEXT PRIMARY KEY NOT NULL,
  consent_id TEXT NOT NULL,
  bank TEXT NOT NULL,
  taxpayer_id TEXT,
  product_id TEXT,
  purpose TEXT NOT NULL,
  ask TEXT NOT NULL,
  outcome TEXT NOT NULL,
  jwt TEXT,
  read_at BIGINT,
  window_from DATE,
  window_to DATE,
  sections TEXT,
  profile TEXT,
  personal_data BOOLEAN NOT NULL,
  policy TEXT,
  salt_epoch INTEGER,
  issued_at TIMESTAMP NOT NULL,
  bank_ref TEXT,
  certificate TEXT NOT NULL
);
CREATE INDEX release_by_bank ON release (bank, id);
CREATE INDEX release_by_consent ON release (consent_id, id);

CREATE TABLE ledger_head (
  id INTEGER PRIMARY KEY NOT NULL CHECK (id = 1),
  size BIGINT NOT NULL,
  root BYTEA NOT NULL,
  frontier BYTEA NOT NULL,
  at TIMESTAMP NOT NULL,
  last_batch_index BIGINT NOT NULL
);

CREATE TABLE ledger_entry (
  idx BIGINT PRIMARY KEY NOT NULL,
  kind TEXT NOT NULL,
  object_id TEXT NOT NULL,
  actor TEXT NOT NULL,
  leaf BYTEA NOT NULL,
  leaf_hash BYTEA NOT NULL
);
CREATE INDEX ledger_entry_by_object ON ledger_entry (object_id, idx);

CREATE TABLE entry_salt (
  idx BIGINT PRIMARY KEY NOT NULL,
  salt BYTEA NOT NULL,
  reason_salt BYTEA
);

CREATE TABLE ledger_tile (
  level INTEGER NOT NULL,
  idx BIGINT NOT NULL,
  hashes BYTEA NOT NULL,
  root BYTEA NOT NULL,
  PRIMARY KEY (level, idx)
);

CREATE TABLE batch_commit (
  batch_id TEXT PRIMARY KEY NOT NULL,
  ledger_index BIGINT NOT NULL UNIQUE
);

CREATE TABLE quota_use (
  member_id TEXT NOT NULL,
  day DATE NOT NULL,
  used BIGINT NOT NULL,
  PRIMARY KEY (member_id, day)
);

CREATE TABLE idempotency (
  member_id TEXT NOT NULL,
  route TEXT NOT NULL,
  idempotency_key TEXT NOT NULL,
  request_digest TEXT NOT NULL,
  object_id TEXT NOT NULL,
  at TIMESTAMP NOT NULL,
  PRIMARY KEY (member_id, route, idempotency_key)
);
CREATE INDEX idempotency_by_age ON idempotency (at);
