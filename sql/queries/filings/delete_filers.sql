-- A filing goes: nobody filed it any more.
DELETE FROM filers WHERE filing = ?1;
