-- What was noted of filings of a company goes with the company.
DELETE FROM listed_filings WHERE cik = ?1;
