-- An identity for a data dir, which no other one has.
SELECT lower(hex(randomblob(16)));
