-- What the database holds, each filing and file counted once: from the counters by form and year.
SELECT
    coalesce(sum(filings), 0), coalesce(sum(pending), 0), coalesce(sum(downloaded), 0),
    coalesce(sum(failed), 0), coalesce(sum(unavailable), 0), coalesce(sum(dropped), 0),
    coalesce(sum(bytes), 0)
FROM holdings;
