-- The day of the last sync; NULL is never.
SELECT (SELECT substr(value, 1, 10) FROM meta WHERE key = 'companies_synced_at');
