-- v14 -> v15: What checks measured, and pictures on their way out

-- What was measured of what: one row for each curve that can be drawn.
CREATE TABLE series (
	id     INTEGER PRIMARY KEY,
	kind   TEXT NOT NULL,      -- of check: 'disk'
	name   TEXT NOT NULL,      -- of the host, or of the [[check]]
	metric TEXT NOT NULL,      -- what of it: 'used'
	thing  TEXT NOT NULL,      -- '/srv'; '' where there is only one
	unit   TEXT NOT NULL,
	since  INTEGER NOT NULL,   -- the second of the first value
	UNIQUE (kind, name, metric, thing)
) STRICT;

-- The values of the hours that are not over. This is all that a measurement writes to,
-- so it stays as small as a few pages.
CREATE TABLE points (
	series INTEGER NOT NULL,
	at     INTEGER NOT NULL,   -- seconds since 1970
	value  REAL NOT NULL,
	PRIMARY KEY (series, at)
) STRICT, WITHOUT ROWID;

-- The values of an hour that is over, packed into five bytes each; kept for two weeks.
CREATE TABLE packed (
	series INTEGER NOT NULL,
	hour   INTEGER NOT NULL,   -- hours since 1970, as everywhere below
	points BLOB NOT NULL,
	PRIMARY KEY (series, hour)
) STRICT, WITHOUT ROWID;

-- What an hour was like; kept for thirteen weeks.
CREATE TABLE hours (
	series INTEGER NOT NULL,
	hour   INTEGER NOT NULL,
	count  INTEGER NOT NULL,
	low    REAL NOT NULL,
	median REAL NOT NULL,
	high   REAL NOT NULL,
	PRIMARY KEY (series, hour)
) STRICT, WITHOUT ROWID;

-- The same of a day in UTC whose hours are not kept any more; kept for ten years.
CREATE TABLE days (
	series INTEGER NOT NULL,
	day    INTEGER NOT NULL,   -- days since 1970
	count  INTEGER NOT NULL,
	low    REAL NOT NULL,
	median REAL NOT NULL,
	high   REAL NOT NULL,
	PRIMARY KEY (series, day)
) STRICT, WITHOUT ROWID;

-- The picture of a notice that has not gone out. The row goes when the notice went.
CREATE TABLE images (
	txn      TEXT PRIMARY KEY,   -- of its row in the outbox
	bytes    BLOB NOT NULL,      -- empty once it was uploaded
	uploaded TEXT NOT NULL DEFAULT ''  -- where it is since, and the key to it, as JSON
) STRICT, WITHOUT ROWID;
