-- The same among the CIKs ?2 (a JSON list). The list leads, so that a run for a few companies
-- begins at once, however many there are.
INSERT INTO temp.scope (cik)
SELECT DISTINCT c.cik
FROM json_each(?2) AS wanted
CROSS JOIN companies AS c ON c.cik = wanted.value
WHERE c.active = 1
    AND (
        ?1 IS NULL
        OR EXISTS (
            SELECT 1 FROM listings AS l
            WHERE l.cik = c.cik AND l.active = 1 AND l.exchange IN (SELECT value FROM json_each(?1))
        )
    );
