-- Problems of run ?2 with the companies ?1 (a JSON list) that did not fail a company or a file,
-- such as a damaged row in a list.
SELECT e.kind, count(*), min(e.message)
FROM errors AS e INDEXED BY errors_by_run
WHERE e.run_id = ?2 AND e.kind IN ('bad_row', 'bad_page')
    AND (e.cik IS NULL OR e.cik IN (SELECT value FROM json_each(?1)))
GROUP BY e.kind
ORDER BY e.kind;
