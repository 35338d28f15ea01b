-- v15 -> v16: What the mail servers' reports say

-- The figures of a report that came by mail, kept when its text no longer is: the next
-- ones are compared with them.
CREATE TABLE mail_reports (
	mail_id     INTEGER PRIMARY KEY REFERENCES inbox (id),
	server      TEXT NOT NULL,      -- the mail server, as it calls itself
	received_at INTEGER NOT NULL,
	verified    INTEGER NOT NULL,   -- 0: anyone could have written it
	figures     INTEGER NOT NULL,   -- 0: it has none, as when the log could not be read
	received    INTEGER NOT NULL,   -- mails; so are those below
	delivered   INTEGER NOT NULL,
	deferred    INTEGER NOT NULL,
	bounced     INTEGER NOT NULL,
	rejected    INTEGER NOT NULL
) STRICT;
CREATE INDEX mail_reports_by_time ON mail_reports (received_at);
