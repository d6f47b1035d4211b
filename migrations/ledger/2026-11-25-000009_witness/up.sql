-- Checkpoints that enough witnesses cosigned: the newest, and one an hour of those before. A ledger that no witness
-- has seen yet has its empty tree here, without cosignatures, since when it waits for them.
CREATE TABLE cosigned_checkpoint (
  origin TEXT NOT NULL,
  size BIGINT NOT NULL,
  note TEXT NOT NULL,
  at TIMESTAMP NOT NULL,
  PRIMARY KEY (origin, size)
);
