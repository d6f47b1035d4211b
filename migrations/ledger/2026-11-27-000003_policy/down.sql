DROP TABLE deletion_statement;
DROP TABLE consent_clock;
DROP TABLE personal_consent;
ALTER TABLE ledger_head DROP COLUMN policy;
DROP TABLE policy;
DROP INDEX consent_standing_by_taxpayer;
ALTER TABLE consent DROP COLUMN personal_withdrawn;
