-- Whether an older page was read for these forms and at least these days, and EDGAR describes it
-- as it did then.
SELECT EXISTS (
    SELECT 1
    FROM older_pages
    WHERE name = ?1 AND filings = ?2 AND first_on = ?3 AND last_on = ?4 AND forms = ?5
        AND since <= ?6 AND until >= ?7
);
