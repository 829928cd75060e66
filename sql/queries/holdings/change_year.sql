-- A transaction changed something of a year.
INSERT INTO years (year, change) VALUES (?1, random())
ON CONFLICT (year) DO UPDATE SET change = excluded.change;
