-- Records a summary of a company's list of filings after it was read to its end. An unchanged
-- summary writes nothing.
INSERT INTO company_facts (cik, listed, first_filed_on, last_filed_on, forms)
VALUES (?1, ?2, ?3, ?4, ?5)
ON CONFLICT (cik) DO UPDATE
SET listed = excluded.listed, first_filed_on = excluded.first_filed_on,
    last_filed_on = excluded.last_filed_on, forms = excluded.forms,
    error_kind = NULL, error = NULL, failed_at = NULL
WHERE (listed, first_filed_on, last_filed_on, forms, error_kind)
    IS NOT (excluded.listed, excluded.first_filed_on, excluded.last_filed_on, excluded.forms, NULL);
