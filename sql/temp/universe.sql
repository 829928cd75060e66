-- A company list on its way in. Set against the known universe as a whole, because what is
-- missing in it matters as much as what is there.
CREATE TEMP TABLE IF NOT EXISTS incoming_companies (
    cik      INTEGER PRIMARY KEY,
    name     TEXT NOT NULL,
    ticker   TEXT,
    exchange TEXT
) STRICT;

CREATE TEMP TABLE IF NOT EXISTS incoming_listings (
    ticker   TEXT PRIMARY KEY,
    cik      INTEGER NOT NULL,
    exchange TEXT,
    position INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

DELETE FROM temp.incoming_companies;
DELETE FROM temp.incoming_listings;
