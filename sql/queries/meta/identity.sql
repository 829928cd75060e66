-- Which program made this database, its schema version, and whether it has any objects. One
-- statement reads all three, so that it cannot see half of a schema that another process is
-- creating.
SELECT
    (SELECT application_id FROM pragma_application_id),
    (SELECT user_version FROM pragma_user_version),
    count(*)
FROM sqlite_schema;
