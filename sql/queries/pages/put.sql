-- Records that a page was read for these forms and days.
INSERT INTO pages_read (name, filings, first_on, last_on, forms, since, until)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
ON CONFLICT DO NOTHING;
