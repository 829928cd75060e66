-- The day of the last sync, or NULL if there was none.
SELECT (SELECT substr(value, 1, 10) FROM meta WHERE key = 'companies_synced_at');
