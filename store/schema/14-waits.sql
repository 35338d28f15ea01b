-- v13 -> v14: A reaction says that an answer takes a while, and goes when it is there

-- For a reaction that belongs to no card: the event under which it stands. For what takes
-- such a reaction back: the txn of that; emoji and message are empty then.
ALTER TABLE outbox ADD COLUMN target TEXT NOT NULL DEFAULT '';
