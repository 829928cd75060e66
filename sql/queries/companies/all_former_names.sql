-- Every former name on record, to be searched.
SELECT cik, name, until FROM company_names ORDER BY cik, position;
