-- The status of the daily indexes after the day ?1, through ?2.
SELECT day, status, since FROM index_days WHERE day > ?1 AND day <= ?2 ORDER BY day;
