-- v16 -> v17: What checks have to know the next time

-- The parts of one check change together, and only when its head, the part called '', is
-- what whoever changes them has read.
CREATE TABLE memory (
	check_name TEXT NOT NULL,   -- "logs antigone"
	part       TEXT NOT NULL,
	value      BLOB NOT NULL,
	PRIMARY KEY (check_name, part)
) STRICT, WITHOUT ROWID;
