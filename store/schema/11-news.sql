-- v10 -> v11: News that comes through several channels

-- What a mail and a webhook say about the same thing that is no incident, such as an
-- image with a new digest: one card shows both.
CREATE TABLE news (
	channel     TEXT NOT NULL CHECK (channel IN ('webhook', 'mail')),
	ref         INTEGER NOT NULL,   -- the row of hooks or of inbox
	kind        TEXT NOT NULL,      -- who says so
	thing       TEXT NOT NULL,
	what        TEXT NOT NULL,      -- what it says
	digest      TEXT NOT NULL,      -- of which version of the thing; '' when it does not say
	host        TEXT NOT NULL,      -- for which host; '' when it does not say
	received_at INTEGER NOT NULL,
	card        TEXT NOT NULL,      -- the kind and the subject of the card that shows it
	subject     INTEGER NOT NULL,
	PRIMARY KEY (channel, ref)
) STRICT, WITHOUT ROWID;
CREATE INDEX news_about ON news (kind, thing, received_at);
CREATE INDEX news_of_card ON news (card, subject);
