-- How many companies are in the universe now.
SELECT count(*) FROM companies WHERE active = 1;
