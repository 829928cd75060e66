-- How many companies the SEC's list has.
SELECT count(*) FROM companies WHERE active = 1;
