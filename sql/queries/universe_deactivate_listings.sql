-- Listings the list does not have any more, first of all those whose ticker moves to another
-- company: a ticker has one active listing.
UPDATE listings SET active = 0
WHERE active = 1
    AND NOT EXISTS (
        SELECT 1 FROM temp.incoming_listings AS i
        WHERE i.ticker = listings.ticker AND i.cik = listings.cik
    )
RETURNING cik;
