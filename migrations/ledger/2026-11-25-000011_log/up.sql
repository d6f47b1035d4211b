-- A member's own entries, found without a scan: those it acted in, and those of others that concern it.

CREATE INDEX ledger_entry_by_actor ON ledger_entry (actor, idx);

CREATE TABLE entry_concern (
  member TEXT NOT NULL,
  idx BIGINT NOT NULL,
  PRIMARY KEY (member, idx)
);

INSERT INTO entry_concern (member, idx)
  SELECT consent.bank, ledger_entry.idx FROM ledger_entry JOIN consent ON consent.id = ledger_entry.object_id
  WHERE ledger_entry.kind LIKE 'consent.%' AND ledger_entry.actor <> consent.bank;
INSERT INTO entry_concern (member, idx)
  SELECT product.bank, ledger_entry.idx FROM ledger_entry JOIN product ON product.id = ledger_entry.object_id
  WHERE ledger_entry.kind = 'product.approved' AND ledger_entry.actor <> product.bank;
INSERT INTO entry_concern (member, idx)
  SELECT object_id, idx FROM ledger_entry WHERE kind = 'member.changed' AND actor <> object_id;
