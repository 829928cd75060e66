-- The order of work: companies without any filing first, then those checked longest ago (never
-- is longest), then by CIK, so that two runs over the same database do the same. A limit of -1
-- is none. Fixed once, because the order changes under our feet as companies are checked.
INSERT INTO temp.plan (cik)
SELECT c.cik
FROM temp.scope AS s
CROSS JOIN companies AS c ON c.cik = s.cik
ORDER BY c.filings > 0, c.last_checked_at, c.cik
LIMIT ?1;
