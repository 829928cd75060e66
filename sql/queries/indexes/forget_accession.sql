-- Deletes the search for a filing that an index lists, when the filing is deleted.
DELETE FROM listed_filings WHERE accession = ?1;
