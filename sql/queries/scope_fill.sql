-- The companies a run is responsible for: active ones, with an active listing on one of the
-- exchanges ?1 (a JSON list; NULL is no condition).
INSERT INTO temp.scope (cik)
SELECT c.cik
FROM companies AS c
WHERE c.active = 1
    AND (
        ?1 IS NULL
        OR EXISTS (
            SELECT 1 FROM listings AS l
            WHERE l.cik = c.cik AND l.active = 1 AND l.exchange IN (SELECT value FROM json_each(?1))
        )
    );
