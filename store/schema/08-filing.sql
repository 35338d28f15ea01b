-- v7 -> v8: Mails that are marked or moved once they are stored

-- What is to be marked or moved on the mail server, and was. A row is committed
-- together with the mail. Each mail is filed once in a folder, so that one that a
-- person puts back stays there; rows are therefore never deleted.
CREATE TABLE filings (
	folder      TEXT NOT NULL,
	hash        TEXT NOT NULL,      -- of what makes it the same mail under another UID
	uidvalidity INTEGER NOT NULL,
	uid         INTEGER NOT NULL,
	done        INTEGER NOT NULL DEFAULT 0,
	not_before  INTEGER NOT NULL DEFAULT 0,  -- when the server may be asked again: it refused
	PRIMARY KEY (folder, hash)
) STRICT, WITHOUT ROWID;
CREATE INDEX filings_to_do ON filings (folder, uidvalidity, uid) WHERE done = 0;
