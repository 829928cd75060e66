-- A new random identity for a data dir.
SELECT lower(hex(randomblob(16)));
