-- Removes companies that left the exchanges of their selection before the day ?1.
DELETE FROM selection_companies WHERE left_on < ?1;
