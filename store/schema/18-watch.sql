-- v17 -> v18: Checks at work

-- What each check said last, also one that somebody only asked for.
CREATE TABLE looks (
	ref         TEXT PRIMARY KEY,   -- the check: "disk antigone"
	host        TEXT NOT NULL,      -- that it is about, '' for none
	ran_at      INTEGER NOT NULL,
	answered_at INTEGER NOT NULL,   -- when it last could measure; 0 for never
	status      TEXT NOT NULL,
	since       INTEGER NOT NULL,   -- since when its status is that
	outcome     BLOB NOT NULL       -- all that it said, as JSON
) STRICT, WITHOUT ROWID;
CREATE INDEX looks_of_host ON looks (host);

-- What a check finds bad, or that was and is not yet calm for long enough.
CREATE TABLE watched (
	ref     TEXT NOT NULL,
	thing   TEXT NOT NULL,          -- as the check calls it
	source  TEXT NOT NULL,          -- with name, whose incident that is
	name    TEXT NOT NULL,
	bad_at  INTEGER NOT NULL,       -- since when it is bad without a break; 0 while it is not
	calm_at INTEGER NOT NULL,       -- of one with an incident: since when it is not bad; 0 while it is
	open    INTEGER NOT NULL,       -- there is an incident
	level   TEXT NOT NULL,          -- the worst that was said of it
	PRIMARY KEY (ref, thing)
) STRICT, WITHOUT ROWID;
CREATE INDEX watched_by_name ON watched (source, name);

-- What checks of the bot's own said that became part of an incident.
CREATE TABLE tellings (
	incident_id INTEGER NOT NULL REFERENCES incidents (id),
	ref         TEXT NOT NULL,
	source      TEXT NOT NULL,
	what        TEXT NOT NULL CHECK (what IN ('down', 'up')),
	at          INTEGER NOT NULL,   -- since when it is so
	told_at     INTEGER NOT NULL,
	fault       TEXT NOT NULL,
	said        TEXT NOT NULL,      -- all that it found
	PRIMARY KEY (incident_id, ref, source, what, at)
) STRICT, WITHOUT ROWID;
