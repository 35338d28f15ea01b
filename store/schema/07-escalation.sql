-- v6 -> v7: Who is told of an incident, and what waits for the morning

-- How long an incident fires with nobody on it, and what quiet hours held back of it.
CREATE TABLE vigils (
	incident_id INTEGER PRIMARY KEY REFERENCES incidents (id),
	since       INTEGER NOT NULL,  -- since when it fires with nobody on it, by our clock; 0 while it does not
	said        INTEGER NOT NULL,  -- which step was said since then: after how many milliseconds that is due
	held_at     INTEGER NOT NULL,  -- when quiet hours last held something back
	waits       INTEGER NOT NULL   -- 1: the morning has to tell it
) STRICT;
CREATE INDEX vigils_to_do ON vigils (incident_id) WHERE waits = 1;

-- Whom a message about an incident mentioned. Rows are never deleted, but for those of
-- a message that was never sent.
CREATE TABLE mentions (
	notice      TEXT NOT NULL,               -- its key in the outbox
	incident_id INTEGER NOT NULL REFERENCES incidents (id),
	who         TEXT NOT NULL,               -- Matrix user id; '@room' for everybody in the room
	at          INTEGER NOT NULL,
	over_at     INTEGER NOT NULL DEFAULT 0,  -- when they were told, or had no need to be, that it is over
	PRIMARY KEY (notice, incident_id, who)
) STRICT, WITHOUT ROWID;
CREATE INDEX mentions_to_do ON mentions (incident_id) WHERE over_at = 0;
