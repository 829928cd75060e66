-- How many companies are in the universe now: from the counters.
SELECT coalesce(sum(active), 0) FROM exchange_counts;
