-- A company is a filer of this filing; it may be known already.
INSERT INTO filers (cik, filing) VALUES (?1, ?2)
ON CONFLICT DO NOTHING;
