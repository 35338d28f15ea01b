-- v5 -> v6: Storms: incidents that came together and share a card

-- A card of which only counts change is not edited at each of them.
ALTER TABLE cards ADD COLUMN loud       INTEGER NOT NULL DEFAULT 1;  -- the last revision in which more than counts changed
ALTER TABLE cards ADD COLUMN calm_edits INTEGER NOT NULL DEFAULT 0;  -- how many edits in a row showed no more than that
ALTER TABLE cards ADD COLUMN sent_at    INTEGER NOT NULL DEFAULT 0;  -- when the room last got it

-- Hashes of what the room shows and of what is being sent, so that an edit that would
-- change nothing is not sent; "" when it is not known.
ALTER TABLE cards ADD COLUMN shown  TEXT NOT NULL DEFAULT '';
ALTER TABLE cards ADD COLUMN trying TEXT NOT NULL DEFAULT '';

ALTER TABLE incidents ADD COLUMN heap      TEXT NOT NULL DEFAULT '';    -- the group in which its source keeps the thing
ALTER TABLE incidents ADD COLUMN opened_at INTEGER NOT NULL DEFAULT 0;  -- when it opened, or last opened again, by our clock
UPDATE incidents SET opened_at = max(rang_at, refired_at);

-- A storm is an incident itself, which the alerts about its members make up. Rows are
-- never deleted, so that a storm knows how large it was.
CREATE TABLE storm_members (
	storm_id    INTEGER NOT NULL REFERENCES incidents (id),
	incident_id INTEGER NOT NULL REFERENCES incidents (id),
	joined_at   INTEGER NOT NULL,
	left_at     INTEGER,            -- since when it is on its own again
	PRIMARY KEY (storm_id, incident_id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX storm_of_incident ON storm_members (incident_id) WHERE left_at IS NULL;
CREATE INDEX storms_of_incident ON storm_members (incident_id);
