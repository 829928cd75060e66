-- The companies in scope.
SELECT cik FROM temp.scope ORDER BY cik;
