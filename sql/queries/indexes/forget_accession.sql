-- What was noted of a filing that an index lists goes with the filing.
DELETE FROM listed_filings WHERE accession = ?1;
