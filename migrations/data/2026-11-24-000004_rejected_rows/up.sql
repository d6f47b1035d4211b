-- Rejected rows say which rule they break, and are kept as delivered for some days so that they can be mended and sent again.

-- The delivery's header as a line of CSV; none of NDJSON.
ALTER TABLE batch ADD COLUMN header TEXT;

ALTER TABLE batch_error ADD COLUMN line_number BIGINT NOT NULL DEFAULT 0;
ALTER TABLE batch_error ADD COLUMN rule TEXT NOT NULL DEFAULT 'row.consistency';
ALTER TABLE batch_error ADD COLUMN original TEXT;

-- The rows whose originals are to be forgotten one day.
CREATE INDEX batch_error_with_original ON batch_error (batch_id) WHERE original IS NOT NULL;
