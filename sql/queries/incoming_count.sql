-- How many different companies the list has.
SELECT count(*) FROM temp.incoming_companies;
