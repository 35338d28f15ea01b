-- v8 -> v9: Texts of what came in are kept for a while only

-- The row stays when its text is emptied: its hash tells a mail that is met again,
-- and a number that was given out twice would belong to the card of another.
ALTER TABLE inbox ADD COLUMN handled_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE inbox ADD COLUMN emptied INTEGER NOT NULL DEFAULT 0;  -- 1: raw is no longer kept
UPDATE inbox SET handled_at = received_at WHERE state = 'handled';
CREATE INDEX inbox_to_empty ON inbox (handled_at) WHERE state = 'handled' AND emptied = 0;

ALTER TABLE hooks ADD COLUMN handled_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE hooks ADD COLUMN emptied INTEGER NOT NULL DEFAULT 0;  -- 1: raw is no longer kept
UPDATE hooks SET handled_at = received_at WHERE state = 'handled';
CREATE INDEX hooks_to_empty ON hooks (handled_at) WHERE state = 'handled' AND emptied = 0;
