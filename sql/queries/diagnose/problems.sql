-- What run ?2 met at these companies (a JSON list) that cost no company and no file, such as a damaged row
-- of a list.
SELECT e.kind, count(*), min(e.message)
FROM errors AS e INDEXED BY errors_by_run
WHERE e.run_id = ?2 AND e.kind IN ('bad_row', 'bad_page')
    AND (e.cik IS NULL OR e.cik IN (SELECT value FROM json_each(?1)))
GROUP BY e.kind
ORDER BY e.kind;
