-- v1 -> v2: Claims, snoozes, skips, rounds, turns and what checks read

-- A routine as it was configured when last looked at: when that changes, what is
-- open is looked at again. "" means that it is not configured any more.
ALTER TABLE routines ADD COLUMN config TEXT NOT NULL DEFAULT '';

ALTER TABLE occurrences ADD COLUMN title    TEXT NOT NULL DEFAULT '';      -- the routine's when it opened, should that be gone
ALTER TABLE occurrences ADD COLUMN deadline TEXT NOT NULL DEFAULT '';      -- the last day for it, 2026-01-31
ALTER TABLE occurrences ADD COLUMN turn     TEXT NOT NULL DEFAULT '';      -- whose turn it is: a Matrix user id
ALTER TABLE occurrences ADD COLUMN holder   TEXT NOT NULL DEFAULT '';      -- whose turn it was before any swap
ALTER TABLE occurrences ADD COLUMN evidence TEXT NOT NULL DEFAULT '';      -- JSON: what its checks said when it fell due
ALTER TABLE occurrences ADD COLUMN nudged   INTEGER NOT NULL DEFAULT 0;    -- every reminder up to then was said

-- Few of the occurrences of years were skipped, and each minute asks for the last.
CREATE INDEX turns ON occurrences (due_at) WHERE turn <> '';

-- As before, but "check" may complete an occurrence, and others may have helped.
CREATE TABLE new_completions (
	id            INTEGER PRIMARY KEY,
	routine       TEXT NOT NULL,
	occurrence_id INTEGER REFERENCES occurrences (id),
	at            INTEGER NOT NULL,
	who           TEXT NOT NULL,         -- "" for a check
	how           TEXT NOT NULL CHECK (how IN ('reaction', 'command', 'check')),
	event_id      TEXT NOT NULL UNIQUE,  -- the reaction or the command that said so
	note          TEXT NOT NULL,
	helpers       TEXT NOT NULL DEFAULT '', -- who did it together with who: user ids, one a line
	recorded_at   INTEGER NOT NULL,         -- when the bot took note of it; at may be earlier
	undone_at     INTEGER,
	undone_by     TEXT NOT NULL DEFAULT ''
) STRICT;
INSERT INTO new_completions (id, routine, occurrence_id, at, recorded_at, who, how, event_id, note, undone_at, undone_by)
	SELECT id, routine, occurrence_id, at, at, who, how, event_id, note, undone_at, undone_by FROM completions;
DROP TABLE completions;
ALTER TABLE new_completions RENAME TO completions;
CREATE INDEX completions_of_routine ON completions (routine, at) WHERE undone_at IS NULL;
CREATE INDEX completions_of_occurrence ON completions (occurrence_id) WHERE undone_at IS NULL;

-- What people say of an open occurrence besides that it is done. Rows are never deleted.
CREATE TABLE marks (
	id            INTEGER PRIMARY KEY,
	occurrence_id INTEGER NOT NULL REFERENCES occurrences (id),
	routine       TEXT NOT NULL,               -- the occurrence's
	kind          TEXT NOT NULL CHECK (kind IN ('claim', 'snooze', 'skip')),
	at            INTEGER NOT NULL,
	until         INTEGER NOT NULL DEFAULT 0,  -- when a claim or a snooze ends
	who           TEXT NOT NULL,               -- "" for the bot, which skips what is not due any more
	event_id      TEXT NOT NULL,               -- one reaction to a round claims all that is in it
	note          TEXT NOT NULL DEFAULT '',    -- the reason of a skip
	recorded_at   INTEGER NOT NULL,            -- when the bot took note of it
	told          INTEGER NOT NULL DEFAULT 0,  -- of a claim that ended: 1 the claimer was told, 2 the room
	told_at       INTEGER NOT NULL DEFAULT 0,  -- when
	undone_at     INTEGER,
	undone_by     TEXT NOT NULL DEFAULT '',
	UNIQUE (event_id, occurrence_id)
) STRICT;
CREATE INDEX marks_of_occurrence ON marks (occurrence_id) WHERE undone_at IS NULL;
CREATE INDEX skips_of_routine ON marks (routine, at) WHERE kind = 'skip' AND who <> '' AND undone_at IS NULL;

-- One card a day for all that is due in a room.
CREATE TABLE rounds (
	id   INTEGER PRIMARY KEY,
	room TEXT NOT NULL,   -- configured name
	day  TEXT NOT NULL,   -- 2026-01-31
	UNIQUE (room, day)
) STRICT;
CREATE TABLE round_items (
	round_id      INTEGER NOT NULL REFERENCES rounds (id),
	number        INTEGER NOT NULL,   -- as the round shows it, from 1
	occurrence_id INTEGER NOT NULL REFERENCES occurrences (id),
	PRIMARY KEY (round_id, number),
	UNIQUE (round_id, occurrence_id)
) STRICT;
CREATE INDEX rounds_of_occurrence ON round_items (occurrence_id);

-- Who is away, and who takes whose turn.
CREATE TABLE absences (
	id        INTEGER PRIMARY KEY,
	who       TEXT NOT NULL,
	first     TEXT NOT NULL,   -- 2026-12-24
	last      TEXT NOT NULL,   -- 2027-01-02, included
	event_id  TEXT NOT NULL UNIQUE,
	undone_at INTEGER
) STRICT;
CREATE TABLE swaps (
	id        INTEGER PRIMARY KEY,
	routine   TEXT NOT NULL,
	gives     TEXT NOT NULL,   -- whose turn it would be
	takes     TEXT NOT NULL,   -- who takes it, once
	event_id  TEXT NOT NULL,
	used_by   INTEGER REFERENCES occurrences (id),
	undone_at INTEGER
) STRICT;
CREATE INDEX swaps_to_use ON swaps (routine) WHERE used_by IS NULL AND undone_at IS NULL;

-- What the check said last on which a routine depends.
CREATE TABLE readings (
	ref   TEXT PRIMARY KEY,   -- as configured: "reboot antigone"
	at    INTEGER NOT NULL,   -- when it was measured
	holds INTEGER NOT NULL,   -- 1: what the check is about is so
	since INTEGER NOT NULL,   -- since when it has been so, as far as it was measured
	until INTEGER NOT NULL    -- the date that the check read, 0 when there is none
) STRICT;
