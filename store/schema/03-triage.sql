-- v2 -> v3: What people say of incidents, and silences

ALTER TABLE incidents ADD COLUMN alerted_at INTEGER NOT NULL DEFAULT 0;  -- the newest alert, at the latest when it came in
ALTER TABLE incidents ADD COLUMN flaps      INTEGER NOT NULL DEFAULT 0;  -- how often it fired again soon after its end
ALTER TABLE incidents ADD COLUMN refired_at INTEGER NOT NULL DEFAULT 0;  -- when it last did, by our clock
ALTER TABLE incidents ADD COLUMN calm_at    INTEGER NOT NULL DEFAULT 0;  -- when it had ended before that
ALTER TABLE incidents ADD COLUMN rang_at    INTEGER NOT NULL DEFAULT 0;  -- when a phone last rang for it, by our clock
ALTER TABLE incidents ADD COLUMN asked_at   INTEGER NOT NULL DEFAULT 0;  -- when the room was last asked whether it is over
UPDATE incidents SET alerted_at = newest, rang_at = newest;

-- What people say of an incident. Rows are never deleted.
CREATE TABLE incident_marks (
	id          INTEGER PRIMARY KEY,
	incident_id INTEGER NOT NULL REFERENCES incidents (id),
	kind        TEXT NOT NULL CHECK (kind IN ('ack', 'silence', 'handled', 'note')),
	at          INTEGER NOT NULL,
	recorded_at INTEGER NOT NULL,            -- when the bot took note of it
	until       INTEGER NOT NULL DEFAULT 0,  -- when an ack or a silence ends; 0 for an ack that holds until the incident ends
	who         TEXT NOT NULL,
	event_id    TEXT NOT NULL UNIQUE,        -- the reaction or the message that said so
	how         TEXT NOT NULL CHECK (how IN ('reaction', 'command')),
	note        TEXT NOT NULL DEFAULT '',
	told        INTEGER NOT NULL DEFAULT 0,  -- of an ack that ended: 1 who made it was told, 2 the room
	told_at     INTEGER NOT NULL DEFAULT 0,  -- when
	undone_at   INTEGER,
	undone_by   TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX marks_of_incident ON incident_marks (incident_id);
INSERT INTO incident_marks (incident_id, kind, at, recorded_at, who, event_id, how, undone_at)
	SELECT incident_id, 'ack', at, at, who, event_id, 'reaction', undone_at FROM acknowledgements ORDER BY id;
DROP TABLE acknowledgements;

-- For how long nobody wants to hear of some things. Rows are never deleted.
CREATE TABLE silences (
	id       INTEGER PRIMARY KEY,
	scope    TEXT NOT NULL CHECK (scope IN ('thing', 'host', 'all')),
	name     TEXT NOT NULL,            -- words of the thing's name, or the host's name; '' for all
	at       INTEGER NOT NULL,
	until    INTEGER NOT NULL,
	who      TEXT NOT NULL,
	event_id TEXT NOT NULL UNIQUE,     -- the message that said so
	reason   TEXT NOT NULL,
	ended_at INTEGER,                  -- when somebody ended it before its time
	ended_by TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX silences_until ON silences (until);

CREATE INDEX inbox_of_incident ON inbox (incident_id) WHERE incident_id IS NOT NULL;

-- A notice under a card is the card as well, for whoever answers it.
CREATE INDEX outbox_event ON outbox (event_id) WHERE card_id IS NOT NULL AND emoji = '' AND event_id <> '';
