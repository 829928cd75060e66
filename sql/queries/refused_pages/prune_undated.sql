-- A gateway's page comes back sooner than in a month.
DELETE FROM undated_files WHERE came_on < ?1;
