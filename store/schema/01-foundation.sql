-- v0 -> v1: Rooms, cards, routines and alerts
-- All times are Unix milliseconds, UTC. Room columns hold room ids where a room
-- event is meant and the configured name (technique, supervision) elsewhere.

CREATE TABLE settings (
	key   TEXT PRIMARY KEY,
	value TEXT NOT NULL
) STRICT;

-- What happened in the rooms, in the order in which it arrived. A row is
-- committed before the sync token that covers it.
CREATE TABLE room_events (
	id       INTEGER PRIMARY KEY,
	event_id TEXT NOT NULL UNIQUE,
	room     TEXT NOT NULL,
	sender   TEXT NOT NULL,
	at       INTEGER NOT NULL,
	kind     TEXT NOT NULL,
	body     TEXT NOT NULL,
	target   TEXT NOT NULL,
	thread   TEXT NOT NULL,
	emoji    TEXT NOT NULL,
	raw      BLOB,
	state    TEXT NOT NULL CHECK (state IN ('new', 'handled', 'sealed'))
) STRICT;
CREATE INDEX room_events_to_do ON room_events (id) WHERE state <> 'handled';

-- What stands in the rooms. A card is dirty while sent < revision.
CREATE TABLE cards (
	id        INTEGER PRIMARY KEY,
	kind      TEXT NOT NULL,               -- who renders it: routine, incident, mail
	subject   INTEGER NOT NULL,            -- the occurrence, incident or inbox row that it mirrors
	room      TEXT NOT NULL,
	urgent    INTEGER NOT NULL,            -- 1: goes before other new cards
	revision  INTEGER NOT NULL DEFAULT 1,  -- goes up with each change of what it mirrors
	attempted INTEGER NOT NULL DEFAULT 0,  -- the revision being sent, stored before the attempt
	sent      INTEGER NOT NULL DEFAULT 0,  -- the revision that the room shows
	event_id  TEXT NOT NULL DEFAULT '',    -- the first event, once known
	room_id   TEXT NOT NULL DEFAULT '',    -- where that event is
	refused   TEXT NOT NULL DEFAULT '',    -- the error code of a homeserver that will never take it
	UNIQUE (kind, subject)
) STRICT;
CREATE INDEX cards_dirty ON cards (id) WHERE sent < revision AND refused = '';
CREATE UNIQUE INDEX cards_event ON cards (event_id) WHERE event_id <> '';

-- Notices and seeded reactions: sent once, never changed.
CREATE TABLE outbox (
	id        INTEGER PRIMARY KEY,
	txn       TEXT NOT NULL UNIQUE,
	room      TEXT NOT NULL,
	card_id   INTEGER REFERENCES cards (id),  -- the card that a seeded reaction belongs to
	emoji     TEXT NOT NULL,
	message   TEXT NOT NULL,                  -- JSON of a message; empty for a reaction
	attempted INTEGER NOT NULL DEFAULT 0,
	event_id  TEXT NOT NULL DEFAULT '',
	done      TEXT NOT NULL DEFAULT ''        -- sent, dropped, or the error code it was refused with
) STRICT;
CREATE INDEX outbox_to_do ON outbox (id) WHERE done = '';

-- Since when each configured routine is known: where the first due date counts from.
CREATE TABLE routines (
	key   TEXT PRIMARY KEY,
	since INTEGER NOT NULL
) STRICT;

CREATE TABLE occurrences (
	id        INTEGER PRIMARY KEY,
	routine   TEXT NOT NULL,
	due_at    INTEGER NOT NULL,
	state     TEXT NOT NULL CHECK (state IN ('open', 'claimed', 'done', 'skipped', 'missed')),
	opened_at INTEGER NOT NULL,
	late      INTEGER NOT NULL DEFAULT 0,  -- whole days late, as its card says
	UNIQUE (routine, due_at)
) STRICT;
CREATE UNIQUE INDEX one_open_occurrence ON occurrences (routine) WHERE state IN ('open', 'claimed');

-- The log from which every due date is derived. Rows are never deleted.
CREATE TABLE completions (
	id            INTEGER PRIMARY KEY,
	routine       TEXT NOT NULL,
	occurrence_id INTEGER REFERENCES occurrences (id),
	at            INTEGER NOT NULL,
	who           TEXT NOT NULL,
	how           TEXT NOT NULL CHECK (how IN ('reaction', 'command')),
	event_id      TEXT NOT NULL UNIQUE,  -- the reaction or the command that said so
	note          TEXT NOT NULL,
	undone_at     INTEGER,
	undone_by     TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX completions_of_routine ON completions (routine, at) WHERE undone_at IS NULL;

-- How far each folder of the mailbox was read.
CREATE TABLE cursors (
	folder      TEXT PRIMARY KEY,
	uidvalidity INTEGER NOT NULL,
	uid         INTEGER NOT NULL,
	received_at INTEGER NOT NULL
) STRICT;

-- What came in by mail. A row is committed together with the cursor.
CREATE TABLE inbox (
	id          INTEGER PRIMARY KEY,
	folder      TEXT NOT NULL,
	uidvalidity INTEGER NOT NULL,
	uid         INTEGER NOT NULL,
	received_at INTEGER NOT NULL,
	size        INTEGER NOT NULL,       -- bytes on the server; raw may be cut
	raw         BLOB NOT NULL,
	hash        TEXT NOT NULL UNIQUE,   -- of what makes it the same mail under another UID
	state       TEXT NOT NULL DEFAULT 'new' CHECK (state IN ('new', 'handled')),
	incident_id INTEGER REFERENCES incidents (id),
	UNIQUE (folder, uidvalidity, uid)
) STRICT;
CREATE INDEX inbox_to_do ON inbox (id) WHERE state = 'new';

CREATE TABLE incidents (
	id          INTEGER PRIMARY KEY,
	source      TEXT NOT NULL,
	thing       TEXT NOT NULL,
	state       TEXT NOT NULL CHECK (state IN ('firing', 'acknowledged', 'silenced', 'resolved')),
	fault       TEXT NOT NULL,      -- of the newest alert
	verified    INTEGER NOT NULL,   -- 0: every alert about it came by a mail that anyone could have written
	since       INTEGER NOT NULL,   -- when it broke, by the sender's clock
	newest      INTEGER NOT NULL,   -- time of the newest alert folded, by the sender's clock
	alerts      INTEGER NOT NULL,   -- how many said that it is broken
	doubted     INTEGER NOT NULL DEFAULT 0,  -- recoveries by mail that could not be trusted
	resolved_at INTEGER
) STRICT;
CREATE UNIQUE INDEX one_open_incident ON incidents (source, thing) WHERE state <> 'resolved';
CREATE INDEX incidents_of_thing ON incidents (source, thing, id);

CREATE TABLE acknowledgements (
	id          INTEGER PRIMARY KEY,
	incident_id INTEGER NOT NULL REFERENCES incidents (id),
	at          INTEGER NOT NULL,
	who         TEXT NOT NULL,
	event_id    TEXT NOT NULL UNIQUE,  -- the reaction
	undone_at   INTEGER
) STRICT;
CREATE INDEX acknowledgements_of_incident ON acknowledgements (incident_id) WHERE undone_at IS NULL;

-- Who did what, when, through what. Rows are never changed.
CREATE TABLE audit (
	id       INTEGER PRIMARY KEY,
	at       INTEGER NOT NULL,
	who      TEXT NOT NULL,
	action   TEXT NOT NULL,  -- the command's or the reaction's action
	subject  TEXT NOT NULL,  -- what it was about
	how      TEXT NOT NULL CHECK (how IN ('reaction', 'command', 'removal')),
	event_id TEXT NOT NULL,
	outcome  TEXT NOT NULL   -- done, refused, mistake, failed
) STRICT;
