-- How many filings of a company are known; the difference tells how many a batch added.
SELECT filings FROM companies WHERE cik = ?1;
