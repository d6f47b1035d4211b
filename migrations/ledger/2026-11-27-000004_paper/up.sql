-- How firms and persons reach a member about their data (个人信息保护法 Arts 17 and 23), and the texts that grantors
-- were shown, byte for byte, by their digests.

CREATE TABLE member_contact (
  member_id TEXT PRIMARY KEY NOT NULL,
  uscc TEXT NOT NULL,
  contact TEXT NOT NULL,
  complaint TEXT NOT NULL,
  changed_at TIMESTAMP NOT NULL
);

CREATE TABLE consent_text (
  digest TEXT PRIMARY KEY NOT NULL,
  version TEXT NOT NULL,
  lang TEXT NOT NULL,
  body TEXT NOT NULL,
  kept_at TIMESTAMP NOT NULL
);
