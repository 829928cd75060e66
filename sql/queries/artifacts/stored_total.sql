-- The number of files on disk and their bytes, from the counters.
SELECT coalesce(sum(downloaded), 0), coalesce(sum(bytes), 0) FROM holdings;
