-- The companies of the SEC's list with an active listing on one of the exchanges ?1 (a JSON list;
-- NULL is no condition). Companies without filings come first, then the ones checked longest ago
-- (never counts as longest), then by CIK. So two runs over the same database use the same order.
SELECT c.cik
FROM companies AS c
WHERE c.active = 1 AND c.etf = 0
    AND (
        ?1 IS NULL
        OR EXISTS (
            SELECT 1 FROM listings AS l
            WHERE l.cik = c.cik AND l.active = 1 AND l.etf = 0 AND l.exchange IN (SELECT value FROM json_each(?1))
        )
    )
ORDER BY c.filings > 0, c.last_checked_at, c.cik;
