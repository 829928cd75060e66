-- Deletes the searches for filings of a company, before the company is deleted.
DELETE FROM listed_filings WHERE cik = ?1;
