-- Counters of the whole database, each filing and file counted once: the sum over forms and years.
SELECT
    coalesce(sum(filings), 0), coalesce(sum(pending), 0), coalesce(sum(downloaded), 0),
    coalesce(sum(failed), 0), coalesce(sum(unavailable), 0), coalesce(sum(dropped), 0),
    coalesce(sum(bytes), 0)
FROM holdings;
