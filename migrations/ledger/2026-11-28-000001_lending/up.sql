-- The lending side: applications, decisions, facilities, notes and what happens to them.
-- Portable: runs on SQLite and PostgreSQL alike. Amounts are fen, days are those of Asia/Shanghai.

-- What banks signed (decisions, events, manifests), byte for byte as it came. A bank's jti is taken once.
CREATE TABLE bank_statement (
  bank TEXT NOT NULL,
  jti TEXT NOT NULL,
  -- decision, event, manifest
  kind TEXT NOT NULL,
  -- sha-256: and base64url of the JWS
  digest TEXT NOT NULL,
  -- the decision, event or manifest that came of it
  object_id TEXT NOT NULL,
  jws TEXT NOT NULL,
  received_at TIMESTAMP NOT NULL,
  PRIMARY KEY (bank, jti)
);
CREATE INDEX bank_statement_by_object ON bank_statement (object_id);

CREATE TABLE application (
  id TEXT PRIMARY KEY NOT NULL,
  -- applications of one journey, to several banks, share it
  group_id TEXT NOT NULL,
  taxpayer_id TEXT NOT NULL,
  bank TEXT NOT NULL,
  product_id TEXT NOT NULL,
  consent_id TEXT NOT NULL,
  demand_id TEXT,
  -- portal, bureau
  origin TEXT NOT NULL,
  -- amount, term, purpose, as the firm wrote them
  terms TEXT NOT NULL,
  -- agreed, after_pre_approval: whether the bank may ask a credit bureau already
  credit_enquiry TEXT NOT NULL,
  -- members that the firm lets know the outcome, JSON list, from the consent
  share_with TEXT NOT NULL,
  status TEXT NOT NULL,
  submitted_at TIMESTAMP NOT NULL,
  changed_at TIMESTAMP NOT NULL,
  acknowledged_at TIMESTAMP,
  -- the first release under the consent after the application, or the last before it
  release_id TEXT,
  -- the decision in force
  decision_id TEXT,
  decided_at TIMESTAMP,
  -- what is due next (acknowledge, decide, supplement, answer, sign) and when; null when nothing is
  due_step TEXT,
  due_at TIMESTAMP,
  -- the answer that a clock stopped for documents still has, in microseconds; null while it runs
  left_micros BIGINT,
  -- the bank's own case number
  bank_ref TEXT
);
CREATE INDEX application_by_bank ON application (bank, id);
CREATE INDEX application_by_firm ON application (taxpayer_id, id);
CREATE INDEX application_by_consent ON application (consent_id);
CREATE INDEX application_due ON application (due_at);

CREATE TABLE decision (
  id TEXT PRIMARY KEY NOT NULL,
  application_id TEXT NOT NULL,
  bank TEXT NOT NULL,
  jti TEXT NOT NULL,
  release_id TEXT NOT NULL,
  outcome TEXT NOT NULL,
  -- the payload as the bank signed it
  terms TEXT NOT NULL,
  supersedes TEXT,
  superseded_by TEXT,
  review_requested_at TIMESTAMP,
  recorded_at TIMESTAMP NOT NULL
);
CREATE INDEX decision_by_application ON decision (application_id);
CREATE INDEX decision_by_bank ON decision (bank, recorded_at);
CREATE INDEX decision_by_release ON decision (release_id);

-- 授信. Its id is that of the application that it came of.
CREATE TABLE facility (
  id TEXT PRIMARY KEY NOT NULL,
  taxpayer_id TEXT NOT NULL,
  bank TEXT NOT NULL,
  product_id TEXT NOT NULL,
  consent_id TEXT NOT NULL,
  share_with TEXT NOT NULL,
  state TEXT NOT NULL,
  limit_fen BIGINT NOT NULL,
  -- 累放金额: all that was drawn
  drawn_fen BIGINT NOT NULL,
  -- 余额: principal outstanding on open notes
  balance_fen BIGINT NOT NULL,
  -- notes on which something is still owed, written-off ones included
  owing_notes BIGINT NOT NULL,
  -- events recorded so far: the next one's place
  events BIGINT NOT NULL,
  signed_on DATE NOT NULL,
  ends_on DATE NOT NULL,
  first_drawn_on DATE,
  changed_at TIMESTAMP NOT NULL
);
CREATE INDEX facility_by_bank ON facility (bank, id);
CREATE INDEX facility_by_firm ON facility (taxpayer_id, id);
CREATE INDEX facility_by_consent ON facility (consent_id);

-- 借据. Its id is the bank's own number for it.
CREATE TABLE note (
  facility_id TEXT NOT NULL,
  id TEXT NOT NULL,
  bank TEXT NOT NULL,
  state TEXT NOT NULL,
  grade TEXT NOT NULL,
  -- as drawn
  principal_fen BIGINT NOT NULL,
  -- principal outstanding
  balance_fen BIGINT NOT NULL,
  rate_pct TEXT NOT NULL,
  drawn_on DATE NOT NULL,
  matures_on DATE NOT NULL,
  overdue_since DATE,
  ended_on DATE,
  -- facility and note that it renews, where it is a renewal
  renews TEXT,
  PRIMARY KEY (facility_id, id)
);
CREATE INDEX note_by_bank ON note (bank, facility_id, id);

CREATE TABLE loan_event (
  id TEXT PRIMARY KEY NOT NULL,
  facility_id TEXT NOT NULL,
  -- 1, 2, 3 … within the facility
  place BIGINT NOT NULL,
  bank TEXT NOT NULL,
  -- the bank's own id of it
  event_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  note_id TEXT,
  occurred_on DATE NOT NULL,
  -- as the bank wrote it
  body TEXT NOT NULL,
  -- jti of the statement that it came in
  statement_jti TEXT NOT NULL,
  -- the event that reversed it
  reversed_by TEXT,
  -- members that are told of it, JSON list
  share_with TEXT NOT NULL,
  recorded_at TIMESTAMP NOT NULL
);
CREATE UNIQUE INDEX loan_event_place ON loan_event (facility_id, place);
CREATE UNIQUE INDEX loan_event_once ON loan_event (bank, event_id);
CREATE INDEX loan_event_by_day ON loan_event (bank, occurred_on);

-- Month-end positions as the bank stated them, held against the exchange's own books.
CREATE TABLE loan_position (
  bank TEXT NOT NULL,
  as_of DATE NOT NULL,
  facility_id TEXT NOT NULL,
  note_id TEXT NOT NULL,
  state TEXT NOT NULL,
  grade TEXT NOT NULL,
  balance_fen BIGINT NOT NULL,
  -- what differs from the exchange's books, JSON; null if nothing does
  difference TEXT,
  statement_jti TEXT NOT NULL,
  PRIMARY KEY (bank, as_of, facility_id, note_id)
);
