-- What we hold by form and year, from the counters that the triggers keep.
SELECT form, year, sum(filings), sum(downloaded), sum(pending), sum(failed), sum(bytes)
FROM (
    SELECT form, year, filings, 0 AS downloaded, 0 AS pending, 0 AS failed, 0 AS bytes
    FROM filing_counts
    UNION ALL
    SELECT
        form, year, 0, artifacts * (status = 1), artifacts * (status = 0),
        artifacts * (status = 2), bytes
    FROM artifact_counts
)
GROUP BY form, year
HAVING sum(filings) > 0
ORDER BY form, year;
