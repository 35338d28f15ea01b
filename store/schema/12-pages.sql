-- v11 -> v12: Pages, which reach people when the homeserver cannot be

-- What is said by another road than the rooms. A row is written before anything is
-- attempted. Rows are never deleted.
CREATE TABLE pages (
	id          INTEGER PRIMARY KEY,
	incident_id INTEGER REFERENCES incidents (id),  -- NULL: about the homeserver itself
	road        TEXT NOT NULL,               -- by its name: 'ntfy', 'mail ana@example.org'
	what        TEXT NOT NULL CHECK (what IN ('down', 'up')),
	outage      INTEGER NOT NULL,            -- since when the homeserver was out of reach
	decided_at  INTEGER NOT NULL,
	state       TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'trying', 'sent', 'unknown', 'dropped')),
	batch       INTEGER NOT NULL DEFAULT 0,  -- the first of the pages that go out as one message; 0 before their first attempt
	doubts      INTEGER NOT NULL DEFAULT 0,  -- how many attempts may have arrived, or not
	at          INTEGER NOT NULL DEFAULT 0,  -- the last attempt
	noted_at    INTEGER NOT NULL DEFAULT 0   -- when the rooms got to know of it
) STRICT;
CREATE INDEX pages_of_incident ON pages (incident_id);
CREATE INDEX pages_to_do ON pages (road, id) WHERE state = 'waiting';
CREATE INDEX pages_trying ON pages (batch) WHERE state = 'trying';
CREATE INDEX page_notes_to_do ON pages (id) WHERE noted_at = 0;
