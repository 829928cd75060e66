-- A run begins: from now on the counters of a company are kept as they were when they first change.
DELETE FROM before_run;
