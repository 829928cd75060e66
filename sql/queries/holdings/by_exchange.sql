-- What the companies hold by exchange of the primary listing: some thousand rows, added up anew.
-- A joint filing counts for each of its filers.
SELECT
    exchange,
    sum(active AND NOT etf), sum(active = 0), sum(active AND NOT etf AND filings > 0),
    sum(active AND NOT etf AND last_checked_at IS NULL),
    sum(filings), sum(pending), sum(downloaded), sum(failed), sum(unavailable), sum(dropped),
    sum(bytes)
FROM companies
GROUP BY exchange
ORDER BY exchange IS NULL, sum(active) DESC, exchange;
