-- What we hold by exchange of the primary listing, from the counters of each company: counting
-- a million artifacts would take longer than `stats` may.
SELECT
    exchange,
    sum(active),
    sum(active = 0),
    sum(active = 1 AND filings > 0),
    sum(active = 1 AND last_checked_at IS NULL),
    sum(filings),
    sum(downloaded),
    sum(pending),
    sum(failed),
    sum(bytes)
FROM companies
GROUP BY exchange
ORDER BY exchange IS NULL, sum(active) DESC, exchange;
