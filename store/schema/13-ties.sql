-- v12 -> v13: What several systems watch under different names is one thing

-- As before, but it is known whose word it is, and any channel may bring it.
CREATE TABLE new_sightings (
	incident_id INTEGER NOT NULL REFERENCES incidents (id),
	source      TEXT NOT NULL,      -- the system that watches, as in incidents
	thing       TEXT NOT NULL,      -- by the name that it gives it
	channel     TEXT NOT NULL,
	what        TEXT NOT NULL CHECK (what IN ('down', 'up')),
	at          INTEGER NOT NULL,   -- by the sender's clock
	received_at INTEGER NOT NULL,   -- when it first came in
	PRIMARY KEY (incident_id, source, thing, channel, what, at)
) STRICT, WITHOUT ROWID;
INSERT INTO new_sightings (incident_id, source, thing, channel, what, at, received_at)
	SELECT s.incident_id, i.source, i.thing, s.channel, s.what, s.at, s.received_at FROM sightings s JOIN incidents i ON i.id = s.incident_id;
DROP TABLE sightings;
ALTER TABLE new_sightings RENAME TO sightings;

-- What each source says of the incident of a tie, by its own clock. The incident is what
-- they come to.
CREATE TABLE witnesses (
	incident_id INTEGER NOT NULL REFERENCES incidents (id),
	source      TEXT NOT NULL,
	thing       TEXT NOT NULL,
	fault       TEXT NOT NULL,
	verified    INTEGER NOT NULL,
	since       INTEGER NOT NULL,
	newest      INTEGER NOT NULL,
	alerts      INTEGER NOT NULL,   -- how many said that it is broken; 0 when only its recovery was heard
	alerted_at  INTEGER NOT NULL,   -- the newest of them, at the latest when it came in
	ended_at    INTEGER,            -- when it said that it is over; null while it says that it is down
	calm_at     INTEGER NOT NULL,   -- when it had ended before it fired again
	PRIMARY KEY (incident_id, source, thing)
) STRICT, WITHOUT ROWID;
CREATE INDEX witnesses_of_thing ON witnesses (source, thing, incident_id);
