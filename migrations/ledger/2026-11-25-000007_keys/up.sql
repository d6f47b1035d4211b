-- Members' own keys. A key replaced stays: what it signed is verified by it.
CREATE TABLE member_key (
  member_id TEXT NOT NULL REFERENCES member (id),
  usage TEXT NOT NULL,
  kid TEXT NOT NULL,
  jwk TEXT NOT NULL,
  registered_at TIMESTAMP NOT NULL,
  replaced_at TIMESTAMP,
  PRIMARY KEY (member_id, usage, kid)
);
