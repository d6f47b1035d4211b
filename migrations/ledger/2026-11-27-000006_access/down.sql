DROP TABLE intermediary_report;
DROP TABLE own_copy;
DELETE FROM sentinel_cursor WHERE name = 'notices';
DROP TABLE notification;
