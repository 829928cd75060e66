-- One value of this database's metadata.
SELECT value FROM meta WHERE key = ?1;
