-- How many artifacts wait for download in scope, those that failed apart: from the counters,
-- because counting ten million rows takes a second.
SELECT coalesce(sum(c.pending), 0), coalesce(sum(c.failed), 0)
FROM temp.scope AS s
CROSS JOIN companies AS c ON c.cik = s.cik;
