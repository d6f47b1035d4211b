-- What firms are told, copies they took of their own data, intermediaries they reported.
-- Portable: runs on SQLite and PostgreSQL alike.

-- One row a notice; it is the outbox as well: `delivery` says whether the webhook was told (waiting, sent, parked, outdated).
-- kind and about: what it is about, so that nobody is told the same twice.
CREATE TABLE notification (
  id TEXT PRIMARY KEY NOT NULL,
  taxpayer_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  about TEXT NOT NULL,
  params TEXT NOT NULL,
  at TIMESTAMP NOT NULL,
  read_at TIMESTAMP,
  delivery TEXT NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  next_at TIMESTAMP NOT NULL,
  fault TEXT
);
CREATE UNIQUE INDEX notification_once ON notification (taxpayer_id, kind, about);
CREATE INDEX notification_by_firm ON notification (taxpayer_id, id);
CREATE INDEX notification_waiting ON notification (taxpayer_id, id) WHERE delivery = 'waiting';

-- How far the accesses of firms were turned into notices.
INSERT INTO sentinel_cursor (name, position) VALUES ('notices', 0);

-- Copies that firms took of their own data: what it takes to build each again.
CREATE TABLE own_copy (
  id TEXT PRIMARY KEY NOT NULL,
  taxpayer_id TEXT NOT NULL,
  jwt TEXT NOT NULL,
  read_at BIGINT NOT NULL,
  window_from DATE NOT NULL,
  window_to DATE NOT NULL,
  sections TEXT NOT NULL,
  profile TEXT NOT NULL,
  personal_data BOOLEAN NOT NULL,
  policy TEXT NOT NULL,
  salt_epoch INTEGER NOT NULL,
  issued_at TIMESTAMP NOT NULL
);
CREATE INDEX own_copy_by_firm ON own_copy (taxpayer_id, id);

-- Intermediaries that firms reported.
CREATE TABLE intermediary_report (
  id TEXT PRIMARY KEY NOT NULL,
  taxpayer_id TEXT NOT NULL,
  text TEXT NOT NULL,
  received_at TIMESTAMP NOT NULL
);
CREATE INDEX intermediary_report_by_firm ON intermediary_report (taxpayer_id, received_at);
