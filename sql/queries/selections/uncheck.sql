-- Marks all companies of a widened selection as never checked.
UPDATE selection_companies SET checked_at = NULL WHERE selection = ?1;
