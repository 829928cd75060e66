-- How many filings the companies ?1 (a JSON list) have; a joint one counts for each of them.
SELECT coalesce(sum(filings), 0) FROM companies WHERE cik IN (SELECT value FROM json_each(?1));
