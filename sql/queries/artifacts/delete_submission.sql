-- The documents of a filing are not wanted any more.
DELETE FROM submissions WHERE filing = ?1;
