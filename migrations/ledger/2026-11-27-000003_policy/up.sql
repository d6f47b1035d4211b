-- Limits, standing, and what time does. Portable: runs on SQLite and PostgreSQL alike.

-- Whether the personal consent that goes with an authorisation was taken back: the write unit of a pull reads it with
-- the consent itself.
ALTER TABLE consent ADD COLUMN personal_withdrawn BOOLEAN NOT NULL DEFAULT FALSE;
CREATE INDEX consent_standing_by_taxpayer ON consent (taxpayer_id, status, id);

-- Every version of the policy that was ever in force, whole: a release names the version it was judged by.
CREATE TABLE policy (
  version TEXT PRIMARY KEY NOT NULL,
  limits TEXT NOT NULL,
  digest TEXT NOT NULL,
  first_at TIMESTAMP NOT NULL
);
-- The version in force; empty in a ledger from before there were policies. It is read with the head, so that every
-- process judges by the same one.
ALTER TABLE ledger_head ADD COLUMN policy TEXT NOT NULL DEFAULT '';

-- 个人单独同意 (PIPL Art. 23): an instrument of its own, taken back by the person alone.
CREATE TABLE personal_consent (
  id TEXT PRIMARY KEY NOT NULL,
  consent_id TEXT NOT NULL UNIQUE REFERENCES consent (id),
  person TEXT NOT NULL,
  role TEXT NOT NULL,
  data_types TEXT NOT NULL,
  text_version TEXT NOT NULL,
  text_digest TEXT NOT NULL,
  method TEXT NOT NULL,
  assurance TEXT NOT NULL,
  authenticated_at TIMESTAMP NOT NULL,
  granted_at TIMESTAMP NOT NULL,
  revoked_at TIMESTAMP
);

-- What time does to a consent: its next step and when it is due. Nothing is due any more once `due_at` is null.
CREATE TABLE consent_clock (
  consent_id TEXT PRIMARY KEY NOT NULL REFERENCES consent (id),
  bank TEXT NOT NULL,
  valid_to TIMESTAMP NOT NULL,
  retain_until DATE NOT NULL,
  next_step TEXT NOT NULL,
  due_at TIMESTAMP
);
CREATE INDEX consent_clock_due ON consent_clock (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX consent_clock_by_retention ON consent_clock (retain_until, consent_id);

-- A bank's signed word that it deleted what it had received.
CREATE TABLE deletion_statement (
  consent_id TEXT PRIMARY KEY NOT NULL REFERENCES consent (id),
  bank TEXT NOT NULL,
  scope TEXT NOT NULL,
  deleted_at TIMESTAMP NOT NULL,
  statement TEXT NOT NULL,
  received_at TIMESTAMP NOT NULL
);
