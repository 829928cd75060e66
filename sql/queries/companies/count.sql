-- How many companies the SEC's list has, funds left out.
SELECT count(*) FROM companies WHERE active = 1 AND etf = 0;
