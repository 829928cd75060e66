-- Whose database is this, how old, and does it hold anything at all? In one statement, so that
-- another process which creates it at this moment is seen before or after, never halfway.
SELECT
    (SELECT application_id FROM pragma_application_id),
    (SELECT user_version FROM pragma_user_version),
    count(*)
FROM sqlite_schema;
