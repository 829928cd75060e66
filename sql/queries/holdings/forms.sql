-- Every form type on record: a few hundred.
SELECT DISTINCT form FROM holdings WHERE filings > 0 ORDER BY form;
