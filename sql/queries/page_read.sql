-- An older page was read for these forms and days. What it was read for before no longer counts.
INSERT INTO older_pages (name, filings, first_on, last_on, forms, since, until)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
ON CONFLICT (name) DO UPDATE
SET filings = excluded.filings,
    first_on = excluded.first_on,
    last_on = excluded.last_on,
    forms = excluded.forms,
    since = excluded.since,
    until = excluded.until;
