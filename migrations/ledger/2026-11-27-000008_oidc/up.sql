-- Sign-ins that went to the OpenID provider and have not come back, by the SHA-256 of their state. `browser_digest` is
-- that of the cookie which only the browser that began has; `place` is the page to show afterwards.
CREATE TABLE sign_in (
  state_digest TEXT PRIMARY KEY NOT NULL,
  browser_digest TEXT NOT NULL,
  nonce TEXT NOT NULL,
  verifier TEXT NOT NULL,
  step_up BOOLEAN NOT NULL,
  place TEXT NOT NULL,
  begun_at TIMESTAMP NOT NULL
);
CREATE INDEX sign_in_begun_at ON sign_in (begun_at);
