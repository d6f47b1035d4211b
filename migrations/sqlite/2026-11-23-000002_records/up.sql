-- Records and disclosures on SQLite: without row ids, so that one taxpayer's rows lie together.

CREATE TABLE record (
  taxpayer_id TEXT NOT NULL,
  section TEXT NOT NULL,
  record_key TEXT NOT NULL,
  batch_id TEXT NOT NULL,
  period_from DATE,
  period_to DATE,
  body TEXT NOT NULL,
  marks TEXT,
  PRIMARY KEY (taxpayer_id, section, record_key, batch_id)
) WITHOUT ROWID;
CREATE INDEX record_by_batch ON record (batch_id);

CREATE TABLE disclosure (
  taxpayer_id TEXT NOT NULL,
  bank TEXT NOT NULL,
  section TEXT NOT NULL,
  variant TEXT NOT NULL,
  digest TEXT NOT NULL,
  stale_after DATE,
  present BOOLEAN NOT NULL,
  as_of_index BIGINT NOT NULL,
  encoded TEXT NOT NULL,
  PRIMARY KEY (taxpayer_id, bank, section, variant)
);
