-- Every company of the plan with what is known about it. `covered` is whether it has a filing of
-- one of the forms ?1 (a JSON list), `covered_before` whether it had one before the moment ?2.
-- Filings are clustered by company, and most are of a wanted form: the search ends at once.
SELECT
    c.cik, c.name, c.ticker, c.exchange, c.last_checked_at,
    c.pending, c.downloaded, c.failed,
    coalesce(b.expected, c.pending + c.downloaded + c.failed), coalesce(b.downloaded, c.downloaded),
    k.listed, k.first_filed_on, k.last_filed_on, k.forms, k.error_kind, k.error,
    EXISTS (
        SELECT 1 FROM filings AS f
        WHERE f.cik = c.cik AND f.form IN (SELECT value FROM json_each(?1))
    ) AS covered,
    EXISTS (
        SELECT 1 FROM filings AS f
        WHERE f.cik = c.cik AND f.discovered_at < ?2 AND f.form IN (SELECT value FROM json_each(?1))
    ) AS covered_before
FROM temp.plan AS p
CROSS JOIN companies AS c ON c.cik = p.cik
LEFT JOIN before_run AS b ON b.cik = c.cik
LEFT JOIN checks AS k ON k.cik = c.cik
ORDER BY c.name, c.cik;
