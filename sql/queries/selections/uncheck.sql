-- The companies of a selection that asks for more count as never checked.
UPDATE selection_companies SET checked_at = NULL WHERE selection = ?1;
