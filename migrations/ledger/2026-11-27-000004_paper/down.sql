DROP TABLE consent_text;
DROP TABLE member_contact;
