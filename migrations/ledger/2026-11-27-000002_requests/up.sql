-- Requests for an authorisation: asked by a bank, or drafted for the firm. A request is no consent.

CREATE TABLE consent_request (
  id TEXT PRIMARY KEY NOT NULL,
  -- Drafts prepared together, one for each bank; the request's own id if it is alone.
  group_id TEXT NOT NULL,
  -- bank or firm.
  origin TEXT NOT NULL,
  -- As the bank wrote it: there may be no such firm.
  taxpayer_id TEXT NOT NULL,
  bank TEXT NOT NULL,
  product_id TEXT NOT NULL,
  -- draft, requested, granted, declined or lapsed.
  status TEXT NOT NULL,
  -- Never shown to the firm: it blocked the bank, or declined not long ago.
  hidden BOOLEAN NOT NULL,
  -- What is asked for, JSON.
  terms TEXT NOT NULL,
  bank_ref TEXT,
  return_url TEXT,
  state TEXT,
  -- SHA-256 of the token in the link that the bank was given.
  token_hash TEXT UNIQUE,
  -- SHA-256 of the token in the link that was handed over, until it is used.
  hand_over_hash TEXT UNIQUE,
  hand_over_until TIMESTAMP,
  created_at TIMESTAMP NOT NULL,
  expires_at TIMESTAMP NOT NULL,
  -- Who prepared it for the firm, JSON.
  prepared_by TEXT,
  -- Who approved besides, a JSON list.
  approvals TEXT NOT NULL,
  -- The consent whose place the new one takes.
  supersedes TEXT,
  -- The consent that came of it.
  consent_id TEXT,
  decided_at TIMESTAMP,
  -- Whether the firm was reminded that it waits.
  reminded BOOLEAN NOT NULL
);

CREATE INDEX consent_request_by_taxpayer ON consent_request (taxpayer_id, id);
CREATE INDEX consent_request_by_bank ON consent_request (bank, id);
CREATE INDEX consent_request_by_group ON consent_request (group_id);
CREATE INDEX consent_request_by_end ON consent_request (status, expires_at);

-- Banks that a firm does not want to be asked by. No bank is told.
CREATE TABLE bank_block (
  taxpayer_id TEXT NOT NULL,
  bank TEXT NOT NULL,
  blocked_at TIMESTAMP NOT NULL,
  -- The id that the entry names.
  entry_id TEXT NOT NULL,
  PRIMARY KEY (taxpayer_id, bank)
);

-- When a firm declined a bank's request last: the bank does not get through to it again for a while.
CREATE TABLE request_refusal (
  taxpayer_id TEXT NOT NULL,
  bank TEXT NOT NULL,
  refused_at TIMESTAMP NOT NULL,
  PRIMARY KEY (taxpayer_id, bank)
);

-- How often a bank asked on a day (Asia/Shanghai): in all under the empty taxpayer id, and of each taxpayer id.
CREATE TABLE request_use (
  bank TEXT NOT NULL,
  taxpayer_id TEXT NOT NULL,
  day DATE NOT NULL,
  used BIGINT NOT NULL,
  PRIMARY KEY (bank, taxpayer_id, day)
);

-- What a firm wants of its authorisations.
CREATE TABLE firm_setting (
  taxpayer_id TEXT PRIMARY KEY NOT NULL,
  -- A second person approves before anything is granted.
  joint_approval BOOLEAN NOT NULL,
  changed_at TIMESTAMP NOT NULL,
  changed_by TEXT NOT NULL
);

-- Where a bank may have a person sent back to.
CREATE TABLE return_url (
  bank TEXT NOT NULL,
  url TEXT NOT NULL,
  registered_at TIMESTAMP NOT NULL,
  PRIMARY KEY (bank, url)
);
