-- A run begins: how much of each company there was before it. What is as before writes nothing.
INSERT INTO before_run (cik, expected, downloaded)
SELECT cik, pending + downloaded + failed, downloaded FROM companies WHERE true
ON CONFLICT (cik) DO UPDATE
SET expected = excluded.expected, downloaded = excluded.downloaded
WHERE (expected, downloaded) IS NOT (excluded.expected, excluded.downloaded);
