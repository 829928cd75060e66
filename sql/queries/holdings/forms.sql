-- Every form that a filing on record has: a few hundred.
SELECT DISTINCT form FROM holdings WHERE filings > 0 ORDER BY form;
