-- The data side: deliveries of the bureau. Portable: runs on SQLite and PostgreSQL alike.

CREATE TABLE batch (
  id TEXT PRIMARY KEY NOT NULL,
  form TEXT NOT NULL,
  section TEXT NOT NULL,
  coverage_from DATE NOT NULL,
  coverage_to DATE NOT NULL,
  as_of DATE NOT NULL,
  mode TEXT NOT NULL,
  digest TEXT NOT NULL,
  status TEXT NOT NULL,
  row_count BIGINT NOT NULL,
  accepted BIGINT NOT NULL,
  marked BIGINT NOT NULL,
  rejected BIGINT NOT NULL,
  unchanged BIGINT NOT NULL,
  started_at TIMESTAMP NOT NULL
);
CREATE INDEX batch_by_digest ON batch (digest);

CREATE TABLE batch_error (
  batch_id TEXT NOT NULL,
  ordinal BIGINT NOT NULL,
  row_number BIGINT NOT NULL,
  column_name TEXT,
  message TEXT NOT NULL,
  PRIMARY KEY (batch_id, ordinal)
);

CREATE TABLE touch (
  taxpayer_id TEXT NOT NULL,
  section TEXT NOT NULL,
  batch_id TEXT NOT NULL,
  PRIMARY KEY (taxpayer_id, section, batch_id)
);
CREATE INDEX touch_by_batch ON touch (batch_id);
