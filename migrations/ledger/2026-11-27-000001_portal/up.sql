-- Who is signed in to the portal. The cookie's value is nowhere here: `id_digest` is its SHA-256, so whoever reads this
-- table can take up no session. Rows that nobody used for a quarter of an hour, or that are eight hours old, are void.
CREATE TABLE portal_session (
  id_digest TEXT PRIMARY KEY NOT NULL,
  person TEXT NOT NULL,
  authentication TEXT NOT NULL,
  firms TEXT NOT NULL,
  chosen BIGINT,
  opened_at TIMESTAMP NOT NULL,
  seen_at TIMESTAMP NOT NULL
);
CREATE INDEX portal_session_by_seen ON portal_session (seen_at);
