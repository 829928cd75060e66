-- Every form on record.
SELECT DISTINCT form FROM holdings;
