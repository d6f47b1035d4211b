DROP TABLE loan_position;
DROP TABLE loan_event;
DROP TABLE note;
DROP TABLE facility;
DROP TABLE decision;
DROP TABLE application;
DROP TABLE bank_statement;
