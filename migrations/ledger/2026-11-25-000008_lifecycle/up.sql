-- Changes that wait for a second person. What is proposed is kept as it will be applied; who proposed and who
-- decided, by member, label and certificate (or the host's user).
CREATE TABLE proposal (
  id TEXT PRIMARY KEY NOT NULL,
  change TEXT NOT NULL,
  status TEXT NOT NULL,
  proposed_member TEXT NOT NULL,
  proposed_label TEXT NOT NULL,
  proposed_credential TEXT NOT NULL,
  proposed_at TIMESTAMP NOT NULL,
  expires_at TIMESTAMP NOT NULL,
  decided_member TEXT,
  decided_label TEXT,
  decided_at TIMESTAMP
);
