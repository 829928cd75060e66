-- Companies that left the exchanges of a selection before this day are followed for it no more.
DELETE FROM selection_companies WHERE left_on < ?1;
