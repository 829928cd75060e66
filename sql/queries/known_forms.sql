-- Every form that a known filing has: a few hundred.
SELECT DISTINCT form FROM counts WHERE filings > 0 ORDER BY form;
