-- How a record fared by its form's own rules: passed, failed, skipped.

ALTER TABLE record ADD COLUMN checks TEXT;
