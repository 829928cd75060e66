-- The number of companies in the SEC's list, without funds.
SELECT count(*) FROM companies WHERE active = 1 AND etf = 0;
