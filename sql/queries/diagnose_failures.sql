-- Failed downloads of the planned companies by the sort of their error. Only companies whose
-- counter says that they have any are looked at, through the queue's index.
SELECT coalesce(a.error_kind, 'unknown') AS kind, count(*), min(a.last_error)
FROM temp.plan AS p
CROSS JOIN companies AS c ON c.cik = p.cik AND c.failed > 0
CROSS JOIN artifacts AS a INDEXED BY artifacts_queue ON a.cik = c.cik
WHERE a.status <> 1 AND a.status = 2
GROUP BY kind
ORDER BY kind;
