-- How many filings wait to be settled.
SELECT count(*) FROM owners_recent;
