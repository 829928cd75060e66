-- Records a company as a filer of a filing, unless it is one already.
INSERT INTO filers (cik, filing) VALUES (?1, ?2)
ON CONFLICT DO NOTHING;
