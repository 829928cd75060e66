-- The number of filings of the companies ?1 (a JSON list). A joint filing counts once for each of
-- them.
SELECT coalesce(sum(filings), 0) FROM companies WHERE cik IN (SELECT value FROM json_each(?1));
