-- Gives a year another change number, because a transaction changed it.
INSERT INTO years (year, change) VALUES (?1, random())
ON CONFLICT (year) DO UPDATE SET change = excluded.change;
