-- The companies ?1 (a JSON list) with all that explains missing filings. `covered` says whether a
-- company has a filing of one of the forms ?2 (a JSON list), `covered_before` whether it had one
-- before the time ?3. If run ?4 changed a company's file counts, the counts from before that run
-- are kept and returned too.
SELECT
    c.cik, c.name, c.ticker, CASE WHEN c.active = 1 THEN c.exchange ELSE 'not listed' END,
    c.last_checked_at,
    c.pending + c.downloaded + c.failed + c.unavailable, c.downloaded, c.failed,
    CASE
        WHEN c.changed_by = ?4 THEN c.expected_before
        ELSE c.pending + c.downloaded + c.failed + c.unavailable
    END,
    CASE WHEN c.changed_by = ?4 THEN c.downloaded_before ELSE c.downloaded END,
    k.listed, k.first_filed_on, k.last_filed_on, k.forms, k.error_kind, k.error,
    EXISTS (
        SELECT 1
        FROM filers AS r
        CROSS JOIN filings AS f ON f.id = r.filing
        WHERE r.cik = c.cik AND f.form IN (SELECT value FROM json_each(?2))
    ) AS covered,
    EXISTS (
        SELECT 1
        FROM filers AS r
        CROSS JOIN filings AS f ON f.id = r.filing
        WHERE r.cik = c.cik AND f.discovered_at < ?3
            AND f.form IN (SELECT value FROM json_each(?2))
    ) AS covered_before,
    c.unavailable, c.missing_days
FROM json_each(?1) AS wanted
CROSS JOIN companies AS c ON c.cik = wanted.value
LEFT JOIN company_facts AS k ON k.cik = c.cik
ORDER BY c.name, c.cik;
