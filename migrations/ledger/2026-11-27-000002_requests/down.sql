DROP TABLE return_url;
DROP TABLE firm_setting;
DROP TABLE request_use;
DROP TABLE request_refusal;
DROP TABLE bank_block;
DROP TABLE consent_request;
