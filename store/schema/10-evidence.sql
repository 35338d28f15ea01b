-- v9 -> v10: What the bot looks up by itself when something breaks

-- A row is committed together with what made the incident fire, and settled together
-- with the notice that says what was found, so that a crash in between costs neither.
CREATE TABLE evidence (
	incident_id INTEGER NOT NULL REFERENCES incidents (id),
	firing      INTEGER NOT NULL,             -- how often it had fired again by then: 0 the first time
	wanted_at   INTEGER NOT NULL,
	settled_at  INTEGER NOT NULL DEFAULT 0,   -- when that was said, or was not worth saying any more
	PRIMARY KEY (incident_id, firing)
) STRICT, WITHOUT ROWID;
CREATE INDEX evidence_to_do ON evidence (wanted_at) WHERE settled_at = 0;
CREATE INDEX evidence_wanted ON evidence (wanted_at);
