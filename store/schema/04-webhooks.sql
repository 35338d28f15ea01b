-- v3 -> v4: Webhooks, and who said that something broke

-- What webhooks brought, as it came. A row is committed before the sender is
-- answered. The same body may come twice and mean two things, "down" and a week
-- later "down" again, so that no hash is unique here: folding tells them apart.
CREATE TABLE hooks (
	id          INTEGER PRIMARY KEY,
	hook        TEXT NOT NULL,      -- its configured name
	kind        TEXT NOT NULL,      -- who sends to it, as configured then
	received_at INTEGER NOT NULL,
	type        TEXT NOT NULL,      -- the Content-Type that came with it
	raw         BLOB NOT NULL,
	hash        TEXT NOT NULL,      -- of raw
	state       TEXT NOT NULL DEFAULT 'new' CHECK (state IN ('new', 'handled'))
) STRICT;
CREATE INDEX hooks_to_do ON hooks (id) WHERE state = 'new';
CREATE INDEX hooks_again ON hooks (hook, hash, received_at);

-- The incidents that a request became part of: it may hold several alerts.
CREATE TABLE hook_incidents (
	incident_id INTEGER NOT NULL REFERENCES incidents (id),
	hook_id     INTEGER NOT NULL REFERENCES hooks (id),
	PRIMARY KEY (incident_id, hook_id)
) STRICT, WITHOUT ROWID;

-- Through which channels an incident was heard of. The same thing said again by a
-- channel with the same time changes nothing.
CREATE TABLE sightings (
	incident_id INTEGER NOT NULL REFERENCES incidents (id),
	channel     TEXT NOT NULL CHECK (channel IN ('webhook', 'mail', 'room')),
	what        TEXT NOT NULL CHECK (what IN ('down', 'up')),
	at          INTEGER NOT NULL,   -- by the sender's clock
	received_at INTEGER NOT NULL,   -- when it first came in
	PRIMARY KEY (incident_id, channel, what, at)
) STRICT, WITHOUT ROWID;
