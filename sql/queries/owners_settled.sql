-- What was settled is recent no more.
DELETE FROM owners_recent;
