-- Deletes listed filings that are on record by now, and fetched ones first seen before the day ?1.
DELETE FROM listed_filings
WHERE (status = 'fetched' AND first_seen < ?1)
    OR EXISTS (
        SELECT 1
        FROM filings AS f
        CROSS JOIN filers AS r ON r.filing = f.id AND r.cik = listed_filings.cik
        WHERE f.accession = listed_filings.accession
            AND (listed_filings.status <> 'fetched' OR f.primary_document <> '')
    );
