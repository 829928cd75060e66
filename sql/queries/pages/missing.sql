-- EDGAR did not have a page that it lists on the day ?5. Each day counts once, and a page that EDGAR
-- describes differently counts anew.
INSERT INTO pages_missing (name, filings, first_on, last_on, missing_on)
VALUES (?1, ?2, ?3, ?4, ?5)
ON CONFLICT (name) DO UPDATE SET
    days = CASE
        WHEN (filings, first_on, last_on) IS NOT (excluded.filings, excluded.first_on, excluded.last_on)
            THEN 1
        ELSE days + (missing_on <> excluded.missing_on)
    END,
    filings = excluded.filings,
    first_on = excluded.first_on,
    last_on = excluded.last_on,
    missing_on = excluded.missing_on;
