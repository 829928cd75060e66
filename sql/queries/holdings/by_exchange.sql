-- Counters by exchange of the primary listing, summed over a few thousand companies. Companies that
-- are not in the SEC's list have a separate row. A joint filing counts once for each of its
-- filers.
SELECT
    CASE WHEN active = 1 THEN exchange ELSE 'not listed' END AS place,
    sum(active AND NOT etf), sum(active = 0), sum(active AND NOT etf AND filings > 0),
    sum(active AND NOT etf AND last_checked_at IS NULL),
    sum(filings), sum(pending), sum(downloaded), sum(failed), sum(unavailable), sum(dropped),
    sum(bytes)
FROM companies
GROUP BY place
ORDER BY place IS NULL OR place = 'not listed', sum(active) DESC, place;
