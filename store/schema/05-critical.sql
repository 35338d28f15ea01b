-- v4 -> v5: What cannot wait

ALTER TABLE incidents ADD COLUMN critical INTEGER NOT NULL DEFAULT 0;  -- 1: an alert said so
