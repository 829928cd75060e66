-- What one run is about: the companies in scope, and the order in which they come. Temporary, so
-- that a reader needs no write access and two readers do not meet.
CREATE TEMP TABLE IF NOT EXISTS scope (
    cik INTEGER PRIMARY KEY
) STRICT;

CREATE TEMP TABLE IF NOT EXISTS plan (
    position INTEGER PRIMARY KEY,
    cik      INTEGER NOT NULL
) STRICT;

DELETE FROM temp.scope;
DELETE FROM temp.plan;
