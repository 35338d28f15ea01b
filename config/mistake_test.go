package config

import (
	"crypto/ed25519"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
)

const (
	ntfy    = "[pager.ntfy]\nserver = \"https://h\"\ntopic = \"a\"\n"
	smtp    = "[pager.mail]\naddress = \"h:465\"\nfrom = \"r@h.org\"\nto = [\"a@h.org\"]\n"
	oneHost = "[[host]]\nname = \"antigone\"\ndocker = \"unix:///run/docker.sock\"\n"
	far     = "[[host]]\nname = \"antigone\"\nssh = \"ronde@antigone\"\nssh_key_file = 'KEY'\n"
	mail    = "[mailbox]\naddress = \"h:993\"\nuser = \"u\"\npassword_env = \"RONDE_P\"\n"
	secret  = "[[oauth]]\nname = \"intra\"\nclient_id = \"u\"\nclient_secret_env = \"RONDE_S\"\n"
	rule    = "[[mail]]\nsubject = '^PANNE (.+)'\nas = \"alert\"\n"
	tied    = "[[same]]\nname = \"Nuage\"\nthings = [\"Nuage (Nextcloud)\", \"nuage-cron\"]\n"
	beat    = "[[heartbeat]]\nname = \"hc\"\nurl_env = \"RONDE_PING_URL\"\n"
	chore   = "[[routine]]\nkey = \"a\"\ntitle = { fr = \"A\" }\n"
)

// TestMistakes: each mistake is said once, at its place, with what is valid.
func TestMistakes(t *testing.T) {
	tests := []struct {
		name, doc string
		want      string // the whole list, without "config.toml:"
	}{
		{"unknown setting", "colour = 1", `1:1: colour: unknown setting; known here are board, check, database, digest, escalation, heartbeat, host, incidents, known_hosts, language, log_level, mail, mailbox, matrix, oauth, oncall, pager, people, prompts, rights, rooms, routine, same, timezone, webhook`},
		{"unknown setting with a near miss", "langage = \"fr\"", `1:1: langage: unknown setting; did you mean "language"?`},
		{"swapped letters", "tiemzone = \"UTC\"", `1:1: tiemzone: unknown setting; did you mean "timezone"?`},
		{"right setting in the wrong table", "[rights]\ndatabase = \"x\"", `2:1: rights.database: unknown setting here; it belongs to the top of the file, above the first [table]`},
		{"setting of one table of several", "every = \"1d\"", `1:1: every: unknown setting here; it belongs to [[heartbeat]] or [[check]] or [[routine]]`},
		{"unknown table", "[colours]\nred = 1", `1:2: colours: unknown table; known here are board, check, database, digest, escalation, heartbeat, host, incidents, known_hosts, language, log_level, mail, mailbox, matrix, oauth, oncall, pager, people, prompts, rights, rooms, routine, same, timezone, webhook`},
		{"unknown key that is no word", `"a b\n" = 1`, `1:1: "a b\n": unknown setting; known here are board, check, database, digest, escalation, heartbeat, host, incidents, known_hosts, language, log_level, mail, mailbox, matrix, oauth, oncall, pager, people, prompts, rights, rooms, routine, same, timezone, webhook`},
		{"dotted key", `matrix.homeserver = "https://h"` + "\nmatrix.user = \"@r:h\"\nmatrix.usr = 1\n#[matrix]", `3:8: matrix.usr: unknown setting; did you mean "user"?`},

		{"number for a text", "language = 1", `1:12: language: is the number 1, but a text in quotes is wanted: language = "fr"`},
		{"truth for a text", "language = true", `1:12: language: is the word true, but a text in quotes is wanted: language = "fr"`},
		{"date for a text", "language = 2026-01-01", `1:12: language: is the date 2026-01-01, but a text in quotes is wanted: language = "fr"`},
		{"list for a text", `language = ["fr"]`, `1:12: language: is a list, but a text in quotes is wanted: language = "fr"`},
		{"table for a text", "[language]\nfr = 1", `1:2: language: is a table, but a text in quotes is wanted: language = "fr"`},
		{"text for a number", "[rights]\nact = \"all\"", `2:7: rights.act: is the text "all", but a whole number without quotes is wanted: act = 0`},
		{"decimals for a whole number", "[rights]\nact = 1.5", `2:7: rights.act: is the number 1.5, but a whole number without quotes is wanted: act = 0`},
		{"text for a list", "[rights]\npeople = \"@a:b\"", `2:10: rights.people: is the text "@a:b", but a list in brackets is wanted: people = ["@ana:example.org"]`},
		{"text for a table", `rights = "all"`, `1:10: rights: is the text "all", but a table in braces is wanted: rights = …; its settings stand below [rights]`},
		{"bare duration", mail + "poll = 15", `5:8: mailbox.poll: is the number 15, but a text in quotes is wanted: poll = "5m"`},
		{"two wrong types", "language = 1\ntimezone = 2", `1:12: language: is the number 1, but a text in quotes is wanted: language = "fr"` + "\n" +
			`2:12: timezone: is the number 2, but a text in quotes is wanted: timezone = "Europe/Paris"`},
		{"one wrong item", "[rights]\npeople = [\"@a:b\",\n 7]", `3:2: rights.people: is the number 7, but a text in quotes is wanted: people = ["@ana:example.org"]`},
		{"the same item twice", "[rights]\npeople = [\"@a:b\", \"@a:b\"]", `2:19: rights.people: "@a:b" is in the list twice; keep one`},
		{"secret of the wrong type", "[mailbox]\naddress = \"h:993\"\nuser = \"u\"\npassword_file = 123456", `4:17: mailbox.password_file: is a number, but a text in quotes is wanted: password_file = "/etc/ronde/password"`},

		{"empty text", `language = ""`, `1:12: language: is empty; write language = "fr", or leave it out`},
		{"unknown choice", `log_level = "warning"`, `1:13: log_level: "warning" is none of "info", "debug", "warn" and "error"`},
		{"near choice", `log_level = "Debug"`, `1:13: log_level: "Debug" is none of "info", "debug", "warn" and "error"; did you mean "debug"?`},
		{"time zone of this machine", `timezone = "Local"`, `1:12: timezone: "Local" is not a time zone; write a name of the IANA list, such as "Europe/Paris" or "UTC"`},
		{"time zone outside the list", `timezone = "../../etc/passwd"`, `1:12: timezone: "../../etc/passwd" is not a time zone; write a name of the IANA list, such as "Europe/Paris" or "UTC"`},
		{"duration in words", mail + `poll = "5 minutes"`, `5:8: mailbox.poll: "5 minutes" is not a length of time; write a number and a unit (s, m, h, d, w) without a space, such as "5m"`},
		{"duration without a unit", mail + `poll = "5"`, `5:8: mailbox.poll: "5" is not a length of time; write a number and a unit (s, m, h, d, w) without a space, such as "5m"`},
		{"duration below zero", mail + `poll = "-5m"`, `5:8: mailbox.poll: "-5m" is out of range; it goes from "10s" to "1d"`},
		{"duration too long", mail + `poll = "2w"`, `5:8: mailbox.poll: "2w" is out of range; it goes from "10s" to "1d"`},
		{"number too large for any type", "[rights]\nact = 99999999999999999999", `2:7: rights.act: 99999999999999999999 is out of range; it goes from 0 to 100`},
		{"negative rate", "[matrix]\nhomeserver = \"https://h\"\nuser = \"@r:h\"\nevents_per_second = -0.5", `4:21: matrix.events_per_second: -0.5 is out of range; it goes from 0 to 1000`},
		{"rate that is no number", "[matrix]\nhomeserver = \"https://h\"\nuser = \"@r:h\"\nevents_per_second = nan", `4:21: matrix.events_per_second: nan is out of range; it goes from 0 to 1000`},
		{"a very long text", "language = \"" + strings.Repeat("x", 100) + "\"", `1:12: language: "` + strings.Repeat("x", 60) + `…" is none of "fr" and "en"`},
		{"number of letters", "[rights]\nact = nan", `2:7: rights.act: is the number nan, but a whole number without quotes is wanted: act = 0`},

		{"missing table", "[rooms]\ntechnique = \"#t:h\"\nsupervision = \"#s:h\"\n#[matrix]", `1:1: matrix: the table [matrix] is missing`},
		{"missing settings", "[matrix]\n", `1:2: matrix.homeserver: missing; write homeserver = "https://matrix.example.org"` + "\n" + `1:2: matrix.user: missing; write user = "@ronde:example.org"`},
		{"misspelt and so missing", "[matrix]\nhomserver = \"https://h\"\nuser = \"@r:h\"", `2:1: matrix.homserver: unknown setting; did you mean "homeserver"?`},
		{"table with two brackets", "[[rights]]\nact = 101", `1:3: rights: is there once only; write [rights], with one bracket on each side` + "\n" + `2:7: rights.act: 101 is out of range; it goes from 0 to 100`},
		{"table with one bracket", "[routine]\nkey = \"a\"\ntitle = { fr = \"A\" }\nevery = \"1d\"", `1:2: routine: there can be several; write [[routine]], with two brackets on each side`},

		{"homeserver without scheme", "[matrix]\nhomeserver = \"matrix.example.org\"\nuser = \"@r:h\"", `2:14: matrix.homeserver: "matrix.example.org" is not a web address; write the address of the homeserver, such as "https://matrix.example.org"`},
		{"homeserver with a password", "[matrix]\nhomeserver = \"https://a:hunter2@h\"\nuser = \"@r:h\"", `2:14: matrix.homeserver: "https://…" has a user name in it; write the address of the homeserver, such as "https://matrix.example.org"`},
		{"two ways to log in", "[matrix]\nhomeserver = \"https://h\"\nuser = \"@r:h\"\npassword_env = \"RONDE_A\"\naccess_token_env = \"RONDE_B\"", `1:2: matrix: has a password and an access token; keep the one that the bot logs in with`},
		{"rooms of every form", "[rooms]\ntechnique = \"!abc:h\"\nsupervision = \"!kTvRcZDWNyBGPAfbLq4HmXsoE9u2jV0wtSx7riYhQ1M\"", ``},
		{"cut room id", "[rooms]\ntechnique = \"!abc\"\nsupervision = \"#s:h\"", `2:13: rooms.technique: "!abc" is neither a room alias such as "#technique:example.org" nor a room id as the room's settings show it ("!…")`},
		{"one room for both", "[rooms]\ntechnique = \"#s:h\"\nsupervision = \"#s:h\"", `3:15: rooms.supervision: is the same room as technique; they are two: work goes to one, alerts to the other`},

		{"secret in the file", "[mailbox]\naddress = \"h:993\"\nuser = \"u\"\npassword = \"hunter2\"", `4:1: mailbox.password: a secret does not stand in this file; put it in a file of its own and name that with password_file, or name an environment variable with password_env`},
		{"secret under another name", "[matrix]\nhomeserver = \"https://h\"\nuser = \"@r:h\"\nregistration_token = \"hunter2\"", `4:1: matrix.registration_token: unknown setting; and a secret does not stand in this file: settings that end in _file and _env say where it is`},
		{"secret where its variable belongs", "[mailbox]\naddress = \"h:993\"\nuser = \"u\"\npassword_env = \"hunter2!\"", `4:16: mailbox.password_env: is not the name of an environment variable; names are like "RONDE_PASSWORD", and the secret itself does not stand here`},
		{"secret named in two ways", mail + `password_file = "x"`, `4:16: mailbox.password_env: password_file says already where it is; keep one of password_file and password_env`},
		{"secret in a file without a name", "[mailbox]\naddress = \"h:993\"\nuser = \"u\"\npassword_file = \"\"", `4:17: mailbox.password_file: is empty; name a file, or leave it out`},
		{"variable without a name", "[mailbox]\naddress = \"h:993\"\nuser = \"u\"\npassword_env = \"\"", `4:16: mailbox.password_env: is empty; name an environment variable, or leave it out`},
		{"variable that is not set", strings.Replace(mail, "RONDE_P", "OTHER", 1), `4:16: mailbox.password_env: the environment variable that it names is not set`},
		{"no secret", "[mailbox]\naddress = \"h:993\"\nuser = \"u\"", `1:2: mailbox.password_file: missing; write password_file = "/etc/ronde/mailbox-password", or password_env = "RONDE_MAILBOX_PASSWORD"`},
		{"mailbox without TLS elsewhere", mail + `tls = "none"`, `5:7: mailbox.tls: "none" would send the password readable over the network; it is for this machine only ("localhost", "127.0.0.1", "[::1]"), else write "implicit" or "starttls"`},
		{"the folder of before", mail + `folder = "Supervision"`, `5:1: mailbox.folder: unknown setting; did you mean "folders"?`},
		{"folders that are no list", mail + `folders = "Supervision"`, `5:11: mailbox.folders: is the text "Supervision", but a list in brackets is wanted: folders = ["INBOX", "Supervision"]`},
		{"no folders", mail + `folders = []`, `5:11: mailbox.folders: is empty; write folders = ["INBOX", "Supervision"], or leave it out`},
		{"folder without a name", mail + `folders = ["INBOX", " "]`, `5:21: mailbox.folders: an empty name is no folder; leave it out`},
		{"one folder twice", mail + `folders = ["INBOX", "Inbox"]`, `5:21: mailbox.folders: "Inbox" is in the list twice; keep one`},
		{"too many folders", mail + `folders = ["1", "2", "3", "4", "5", "6", "7", "8", "9"]`, `5:11: mailbox.folders: there are 9, and the bot follows 8 at most: each has a connection of its own`},
		{"moved to where they come from", mail + `move_to = "Inbox"`, `5:11: mailbox.move_to: "Inbox" is one of the folders that are followed; name another, which holds what was read`},
		{"sender with a name", mail + `unchecked = ["Kuma <k@h>"]`, `5:14: mailbox.unchecked: "Kuma <k@h>" is not a sender; write an address such as "kuma@example.org", or "@example.org" for a whole domain`},

		{"a rule of every form", "[[mail]]\nfrom = \"@h.org\"\nas = \"ignore\"\n[[mail]]\nsubject = 'a'\nthing = \"b\"\nas = \"note\"\n" + rule + "resolved_subject = '^OK (.+)'\n[[mail]]\nfrom = \"a@h\"\nthing = \"b\"\nresolved_subject = 'OK'\nas = \"alert\"", ``},
		{"rule for every mail", "[[mail]]\nas = \"note\"", `1:3: mail[1]: would take every mail; write from = "netdata@example.org", subject = '^(\S+) is critical', or both`},
		{"rule that makes nothing", "[[mail]]\nname = \"N\"\nfrom = \"a@h\"", `1:3: mail[N].as: missing; write as = "alert", "note" or "ignore"`},
		{"rule that makes something else", "[[mail]]\nfrom = \"a@h\"\nas = \"notes\"", `3:6: mail[1].as: "notes" is none of "alert", "note" and "ignore"; did you mean "note"?`},
		{"rule with a sender that is none", "[[mail]]\nfrom = \"netdata\"\nas = \"note\"", `2:8: mail[1].from: "netdata" is not a sender; write an address such as "kuma@example.org", or "@example.org" for a whole domain`},
		{"pattern that is none", "[[mail]]\nsubject = '^(\\S+ is'\nas = \"note\"", `2:11: mail[1].subject: is not a pattern: missing closing ): ` + "`^(\\S+ is`" + `; put a \ before one of . * + ? ( ) [ ] { } | ^ $ that stands for itself, and the whole between single quotes`},
		{"pattern without words", "[[mail]]\nsubject = ''\nas = \"note\"", `2:11: mail[1].subject: is a pattern of 0 bytes; it has 1 to 1000, such as '^(\S+) is critical'`},
		{"pattern between double quotes", "[[mail]]\nsubject = \"\\S\"\nas = \"note\"", `2:12: mail.subject: not valid TOML: a \ between double quotes needs another one in front; between single quotes it stands for itself`},
		{"alert about nothing", strings.Replace(rule, "(.+)", ".+", 1), `2:11: mail[1].subject: does not say what the alert is about; put ( ) around the part that names it, such as '^(\S+) is critical', or write thing = "antigone"`},
		{"alert of a sender about nothing", "[[mail]]\nfrom = \"a@h\"\nas = \"alert\"", `1:3: mail[1].subject: is missing, and so is what the alert is about; write subject = '^(\S+) is critical', whose group in ( ) names it, or thing = "antigone"`},
		{"recovery of nothing", rule + "resolved_subject = '^OK'", `4:20: mail[1].resolved_subject: does not say what is well again; put ( ) around the part that names it as in subject, such as '^(\S+) has recovered'`},
		{"alert about two things", rule + "thing = \"b\"", `2:11: mail[1].subject: has a group in ( ), but thing says already what it is about; write (?: ), or take thing away`},
		{"recovery of a note", "[[mail]]\nsubject = 'a'\nresolved_subject = 'b'\nas = \"note\"", `3:20: mail[1].resolved_subject: has no effect where as = "note"; take it away, or write as = "alert"`},
		{"thing of what is ignored", "[[mail]]\nsubject = 'a'\nthing = \"b\"\nas = \"ignore\"", `3:9: mail[1].thing: has no effect where as = "ignore"; take it away, or write as = "alert"`},
		{"rule behind the same rule", rule + rule, `4:3: mail[2]: takes the same mails as the rule on line 1, which comes first; keep one`},
		{"rule with one bracket", "[mail]\nsubject = 'a'\nas = \"note\"", `1:2: mail: there can be several; write [[mail]], with two brackets on each side`},
		{"rule with a name of two lines", rule + "name = \"a\\nb\"", `4:8: mail["a\nb"].name: "a\nb" is not one line of 1 to 40 characters without spaces around it`},
		{"ties of every form", tied + "[[same]]\nname = \"Forge\"\nthings = [\"forge\", \"git-cron\", \"Forge HTTP\"]", ``},
		{"tie without a name", "[[same]]\nthings = [\"a\"]", `1:3: same[1].name: missing; write name = "Nuage"`},
		{"tie of nothing", "[[same]]\nname = \"Nuage\"", `1:3: same[Nuage].things: missing; write things = ["Nuage (Nextcloud)", "nuage-cron"]`},
		{"tie of an empty list", "[[same]]\nname = \"Nuage\"\nthings = []", `3:10: same[Nuage].things: is empty; write things = ["Nuage (Nextcloud)", "nuage-cron"], or take the table away`},
		{"two ties of one name", tied + "[[same]]\nname = \"NUAGE\"\nthings = [\"b\"]", `5:8: same[NUAGE].name: "NUAGE" is already the name of the [[same]], on line 2`},
		{"thing in two ties", tied + "[[same]]\nname = \"Forge\"\nthings = [\"forge\", \"Nuage-Cron\"]", `6:20: same[Forge].things: "Nuage-Cron" is tied already, on line 3`},
		{"thing twice in a tie", "[[same]]\nname = \"Nuage\"\nthings = [\"Élan\", \"elan\"]", `3:19: same[Nuage].things: "elan" is tied already, on line 3`},
		{"thing that is none", "[[same]]\nname = \"Nuage\"\nthings = [\" a\", 2]", `3:11: same[Nuage].things: " a" is not one line of 1 to 200 characters without spaces around it` + "\n" + `3:17: same[Nuage].things: is the number 2, but a text in quotes is wanted: things = ["Nuage (Nextcloud)", "nuage-cron"]`},
		{"tie with one bracket", "[same]\nname = \"Nuage\"\nthings = [\"a\"]", `1:2: same: there can be several; write [[same]], with two brackets on each side`},
		{"rule misspelt", rule + "resolved_subjct = 'b'", `4:1: mail[1].resolved_subjct: unknown setting; did you mean "resolved_subject"?`},

		{"pager of every form", "[pager]\ncontact = \"Ana\"\n[pager.ntfy]\nserver = \"http://127.0.0.1:2586/\"\ntopic = \"a\"\n[pager.mail]\naddress = \"localhost:25\"\ntls = \"none\"\nfrom = \"R <r@h.org>\"\nto = [\"a@h.org\"]", ``},
		{"pager that reaches nobody", "[pager]\nafter = \"5m\"", `1:2: pager: reaches nobody; write [pager.ntfy], [pager.mail] or both below it`},
		{"pager in a hurry", ntfy + "[pager]\nafter = \"30s\"", `5:9: pager.after: "30s" is out of range; it goes from "2m" to "1d"`},
		{"road misspelt", "[pager.nfty]\nserver = \"https://h\"", `1:8: pager.nfty: unknown table; did you mean "ntfy"?`},
		{"several topics", "[[pager.ntfy]]\nserver = \"https://h\"\ntopic = \"a\"", `1:9: pager.ntfy: is a list, but a table in braces is wanted: ntfy = …; its settings stand below [pager.ntfy]`},
		{"topic within the address", strings.Replace(ntfy, "//h", "//h/ronde", 1), `2:10: pager.ntfy.server: "https://h/ronde" has more than a host; the topic has a setting of its own, and so has the token`},
		{"ntfy in clear", strings.Replace(ntfy, "https", "http", 1), `2:10: pager.ntfy.server: "http://h" would send the pages readable over the network; write https://`},
		{"topic of two words", strings.Replace(ntfy, "\"a\"", "\"hunter 2\"", 1), `3:9: pager.ntfy.topic: is not the name of a topic; it has 1 to 64 letters, digits, "-" and "_", such as "ronde-k3x9v2m7"`},
		{"token in the file", ntfy + "token = \"tk_hunter2\"", `4:1: pager.ntfy.token: a secret does not stand in this file; put it in a file of its own and name that with token_file, or name an environment variable with token_env`},
		{"mail without TLS elsewhere", smtp + "tls = \"none\"", `5:7: pager.mail.tls: "none" would send the mails readable over the network; it is for this machine only ("localhost", "127.0.0.1", "[::1]"), else write "implicit" or "starttls"`},
		{"mail with an account without a password", smtp + "user = \"u\"", `1:8: pager.mail.password_file: missing; write password_file = "/etc/ronde/smtp-password", or password_env = "RONDE_SMTP_PASSWORD"`},
		{"mail with a password without an account", smtp + "password_env = \"RONDE_P\"", `1:8: pager.mail.user: missing; write user = "ronde@example.org", or take the password away`},
		{"mail to nobody", strings.Replace(smtp, "\"a@h.org\"", "", 1), `4:6: pager.mail.to: is an empty list; write to = ["ana@example.org"]`},
		{"mail to somebody with a name", strings.Replace(smtp, "a@h.org", "Ana <a@h.org>", 1), `4:7: pager.mail.to: "Ana <a@h.org>" is not an address without a name, such as "ana@example.org"`},
		{"mail from nobody", strings.Replace(smtp, "r@h.org", "ronde", 1), `3:8: pager.mail.from: "ronde" is not the address of a sender, such as "ronde@example.org" or "ronde <ronde@example.org>"`},

		{"host twice", oneHost + strings.Replace(oneHost, "antigone", "Antigone", 1), `5:8: host[Antigone].name: "Antigone" is already the name of another host, on line 2`},
		{"host of two words", strings.Replace(oneHost, "antigone", "my host", 1), `2:8: host["my host"].name: "my host" must be one word: people type it in a room`},
		{"host without TLS", "[[host]]\nname = \"a\"\ndocker = \"tcp://a:2375\"", `3:10: host[a].docker: "tcp://a:2375" needs tls: whoever reaches a Docker engine is root on its server`},
		{"certificate without its key", "[[host]]\nname = \"a\"\ndocker = \"tcp://h:1\"\ncert_file = '/dev/null/x'", `4:13: host[a].cert_file: the file that it names cannot be read` + "\n" + `4:13: host[a].cert_file: cert and key are needed together`},
		{"certificate without _file", "[[host]]\nname = \"a\"\ncert = \"c.pem\"", `3:1: host[a].cert: unknown setting; did you mean "cert_file"?`},
		{"host is no table", `host = ["antigone"]`, `1:9: host: is the text "antigone", but a table in braces is wanted: [[host]]`},

		{"no cadence", chore, `1:3: routine[a]: has no cadence; write one of every = "3d", weekly = ["monday"], monthly = 15, rrule = "FREQ=…", when = "…" and expires = "…"`},
		{"two cadences", chore + "every = \"1d\"\nmonthly = 1", `5:11: routine[a].monthly: a routine has one cadence, but this one has "every" and "monthly"; keep one`},
		{"cadence misspelt", chore + "evry = \"1d\"", `4:1: routine[a].evry: unknown setting; did you mean "every"?`},
		{"no such day", chore + `weekly = ["monday", "xyz"]`, `4:21: routine[a].weekly: "xyz" is not a day of the week; write "monday" or "lundi"`},
		{"no day", chore + `weekly = []`, `4:10: routine[a].weekly: is an empty list; write weekly = ["monday"]`},
		{"no such date", chore + "every = \"1d\"\nstart = 2026-02-30", `5:9: routine[a].start: "2026-02-30" is not a date: February 2026 has no day 30; write year, month and day, such as "2026-01-31"`},
		{"key taken", chore + "every = \"1d\"\n" + chore + "every = \"1d\"", `6:7: routine[a].key: "a" is already the name of another routine, on line 2`},
		{"alias is another's key", chore + "every = \"1d\"\n" + strings.Replace(chore, `"a"`, `"b"`, 1) + "every = \"1d\"\naliases = [\"a\"]", `9:12: routine[b].aliases: "a" is already the name of another routine, on line 2`},
		{"alias of two words", chore + "every = \"1d\"\naliases = [\"Mes sauvegardes\"]", `5:12: routine[a].aliases: "Mes sauvegardes" is not one word of small letters, digits and hyphens, such as "backups" or "host-updates"`},
		{"no title", "[[routine]]\nkey = \"a\"\nevery = \"1d\"", `1:3: routine[a].title: missing; write title = { fr = "Vérifier les sauvegardes", en = "Check the backups" }`},
		{"title in one text", "[[routine]]\nkey = \"a\"\nevery = \"1d\"\ntitle = \"A\"", `4:9: routine[a].title: is the text "A", but a table in braces is wanted: title = { fr = "Vérifier les sauvegardes", en = "Check the backups" }`},
		{"title in another language", "[[routine]]\nkey = \"a\"\nevery = \"1d\"\ntitle = { fr = \"A\", de = \"A\" }", `4:21: routine[a].title.de: unknown setting; known here are en, fr`},
		{"no such room", chore + "every = \"1d\"\nroom = \"lounge\"", `5:8: routine[a].room: "lounge" is none of "technique" and "supervision"`},
		{"no such host", oneHost + chore + "every = \"1d\"\nchecks = [\"containers antigon\"]", `8:11: routine[a].checks: there is no host "antigon"; did you mean "antigone"?`},
		{"no host at all", chore + "every = \"1d\"\nchecks = [\"containers antigone\"]", `5:11: routine[a].checks: there is no host "antigone"; none is configured`},
		{"no such check", oneHost + chore + "every = \"1d\"\nchecks = [\"container antigone\"]", `8:11: routine[a].checks: there is no kind of check "container"; did you mean "containers"?`},
		{"check without a host", oneHost + chore + "every = \"1d\"\nchecks = [\"containers\"]", `8:11: routine[a].checks: "containers" is not a check; write its kind and a name, such as "containers antigone" or "oauth intra"`},
		{"host without an engine", "[[host]]\nname = \"b\"\n" + chore + "every = \"1d\"\nchecks = [\"containers b\"]", `7:11: routine[a].checks: "b" has no docker or ssh setting, which containers needs`},
		{"host that is not this machine", oneHost + chore + "every = \"1d\"\nchecks = [\"reboot antigone\"]", `8:11: routine[a].checks: "antigone" has no local or ssh setting, which reboot needs`},
		{"secret that is none", secret + chore + "every = \"1d\"\nchecks = [\"oauth intar\"]", `9:11: routine[a].checks: there is no [[oauth]] "intar"; did you mean "intra"?`},
		{"on_alert of no such host", oneHost + "on_alert = [\"containers antigon\"]", `4:13: host[antigone].on_alert: there is no host "antigon"; did you mean "antigone"?`},
		{"on_alert of a host that is not this machine", oneHost + "on_alert = [\"reboot antigone\"]", `4:13: host[antigone].on_alert: "antigone" has no local or ssh setting, which reboot needs`},
		{"secret in place of a host", oneHost + secret + chore + "every = \"1d\"\nchecks = [\"containers intra\"]", `12:11: routine[a].checks: there is no host "intra"; known: "antigone"`},
		{"host in place of a secret", oneHost + chore + "every = \"1d\"\nchecks = [\"oauth antigone\"]", `8:11: routine[a].checks: there is no [[oauth]] "antigone"; none is configured`},
		{"every kind of check", oneHost + "local = true\n" + secret + chore + "every = \"1d\"\nchecks = [\"containers antigone\", \"reboot antigone\", \"oauth intra\"]", ``},

		{"two hosts that are this machine", "[[host]]\nname = \"a\"\nlocal = true\n[[host]]\nname = \"b\"\nlocal = true", `6:9: host[b].local: only one host can be this machine, and that on line 3 is; take one away`},
		{"root of another machine", "[[host]]\nname = \"a\"\nroot = \"/host\"", `3:8: host[a].root: "/host" is of no use without local = true`},
		{"root that is relative", "[[host]]\nname = \"a\"\nlocal = true\nroot = \"host\"", `4:8: host[a].root: "host" must be an absolute path, such as /host`},
		{"a host of every form over SSH", far + "jump = \"b\"\n" + strings.ReplaceAll(far, "antigone", "b") + "docker = \"unix:///run/docker.sock\"\n", ``},
		{"ssh without a user", "[[host]]\nname = \"a\"\nssh = \"antigone.example.org\"\nssh_key_file = 'KEY'", `3:7: host[a].ssh: "antigone.example.org" is not an account on a server, such as ronde@antigone.example.org or ronde@antigone.example.org:2222`},
		{"ssh as an address", "[[host]]\nname = \"a\"\nssh = \"ssh://r@a\"\nssh_key_file = 'KEY'", `3:7: host[a].ssh: "ssh://…" is not an account on a server, such as ronde@antigone.example.org or ronde@antigone.example.org:2222`},
		{"ssh without a key", "[[host]]\nname = \"a\"\nssh = \"r@a\"", `1:3: host[a].ssh_key_file: is missing: the bot logs in with a private key, such as /etc/ronde/id_ed25519`},
		{"key without ssh", "[[host]]\nname = \"a\"\nssh_key_file = 'KEY'", `3:16: host[a].ssh_key_file: is of no use without ssh`},
		{"key that is not there", strings.Replace(far, "KEY", "none", 1), `4:16: host[antigone].ssh_key_file: the file that it names does not exist`},
		{"jump without ssh", "[[host]]\nname = \"a\"\njump = \"b\"", `3:8: host[a].jump: "b" is of no use without ssh`},
		{"this machine over ssh", far + "local = true", `3:7: host[antigone].ssh: "ronde@antigone" makes no sense with local = true: this machine is asked without it`},
		{"jump through no host", far + "jump = \"balearica\"", `5:8: host[antigone].jump: "balearica" is the name of no host that there is`},
		{"jump through itself", far + "jump = \"Antigone\"", `5:8: host[antigone].jump: "Antigone" is the host itself`},
		{"jump through a host without ssh", far + "jump = \"b\"\n[[host]]\nname = \"b\"", `5:8: host[antigone].jump: "b" is a host without ssh`},
		{"jump through two", far + "jump = \"b\"\n" + strings.ReplaceAll(far, "antigone", "b") + "jump = \"r@c\"", `5:8: host[antigone].jump: "b" is reached through r@c itself, and there can be one host on the way only`},
		{"jump to no account", far + "jump = \"r@a b\"", `5:8: host[antigone].jump: "r@a b" is neither the name of a host nor an account, such as ronde@balearica.example.org`},
		{"probe_file of another machine", far + "probe_file = \"p.toml\"", `5:14: host[antigone].probe_file: is of no use without local = true: another machine has its own`},
		{"truth in quotes", "[[host]]\nname = \"a\"\nlocal = \"yes\"", `3:9: host[a].local: is the text "yes", but true or false without quotes is wanted: local = true`},

		{"oauth without anything", "[[oauth]]", `1:3: oauth[1].client_id: missing; write client_id = "u-s4t2ud-…"` + "\n" + `1:3: oauth[1].name: missing; write name = "intra"` + "\n" +
			`1:3: oauth[1].client_secret_file: missing; write client_secret_file = "/etc/ronde/intra-secret", or client_secret_env = "RONDE_INTRA_SECRET"`},
		{"secret in the open", strings.Replace(secret, "client_secret_env", "client_secret", 1), `4:1: oauth[intra].client_secret: a secret does not stand in this file; put it in a file of its own and name that with client_secret_file, or name an environment variable with client_secret_env`},
		{"two secrets of one name", secret + secret, `6:8: oauth[intra].name: "intra" is already the name of another oauth, on line 2`},
		{"secret sent readable", secret + "token_url = \"http://api.example.org/oauth/token\"", `5:13: oauth[intra].token_url: "http://api.example.org/oauth/token" would send the secret readable over the network; write https://`},
		{"token address with a password", secret + "token_url = \"https://u:hunter2@h/token\"", `5:13: oauth[intra].token_url: "https://…" takes no user name and no parameters`},
		{"token address that is none", secret + "token_url = \"intra\"", `5:13: oauth[intra].token_url: "intra" is not the address of a token endpoint, such as "https://api.intra.42.fr/oauth/token"`},
		{"token address on this machine", secret + "token_url = \"http://127.0.0.1:8080/oauth/token\"", ``},

		{"heartbeat without anything", "[[heartbeat]]", `1:3: heartbeat[1].name: missing; write name = "healthchecks"` + "\n" +
			`1:3: heartbeat[1].url_file: missing; write url_file = "/etc/ronde/heartbeat-url", or url_env = "RONDE_HEARTBEAT_URL"`},
		{"heartbeat with one bracket", strings.Replace(beat, "[[heartbeat]]", "[heartbeat]", 1), `1:2: heartbeat: there can be several; write [[heartbeat]], with two brackets on each side`},
		{"address of a ping in the open", strings.Replace(beat, "url_env", "url", 1), `3:1: heartbeat[hc].url: a secret does not stand in this file; put it in a file of its own and name that with url_file, or name an environment variable with url_env`},
		{"address where its variable belongs", strings.Replace(beat, "RONDE_PING_URL", "https://hc/hunter2", 1), `3:11: heartbeat[hc].url_env: is not the name of an environment variable; names are like "RONDE_PASSWORD", and the secret itself does not stand here`},
		{"address of a ping that is none", strings.Replace(beat, "RONDE_PING_URL", "RONDE_P", 1), `3:11: heartbeat[hc].url_env: what it names does not hold the address that a check of Healthchecks shows, such as "https://hc-ping.com/…"`},
		{"two heartbeats of one name", beat + beat, `5:8: heartbeat[hc].name: "hc" is already the name of another heartbeat, on line 2`},
		{"heartbeat too often", beat + `every = "10s"`, `4:9: heartbeat[hc].every: "10s" is out of range; it goes from "1m" to "1d"`},

		{"runbook that is no page", chore + "every = \"1d\"\nrunbook = \"ftp://h?token=hunter2\"", `5:11: routine[a].runbook: "ftp://…" is not the address of a page, such as "https://wiki.example.org/backups"`},
	}
	key := keyFile(t, 0o600)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { wantMistakes(t, strings.Replace(tt.doc, "KEY", key, 2), tt.want) })
	}
}

// keyFile writes a private key of that mode and returns its path.
func keyFile(t *testing.T, mode os.FileMode) string {
	t.Helper()
	_, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(private, "ronde")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "id_ed25519")
	if err := errors.Join(os.WriteFile(file, pem.EncodeToMemory(block), mode), os.Chmod(file, mode)); err != nil {
		t.Fatal(err)
	}
	return file
}

// TestAKeyThatOthersCanReadIsAMistake, for whoever runs the bot.
func TestAKeyThatOthersCanReadIsAMistake(t *testing.T) {
	for mode, want := range map[os.FileMode]string{
		0o600: "", 0o400: "", 0o644: "4:16: host[antigone].ssh_key_file: the file that it names may be read by others: chmod 600 it, or 640 where it is root's",
	} {
		wantMistakes(t, strings.Replace(far, "KEY", keyFile(t, mode), 1), want)
	}
}

// TestHostKeysArePinnedBesideTheDatabase unless the file says where.
func TestHostKeysArePinnedBesideTheDatabase(t *testing.T) {
	for doc, want := range map[string]string{
		"":                             "/var/lib/ronde/known_hosts",
		"database = \"data/ronde.db\"": "data/known_hosts",
		"database = \"/srv/r.db\"\nknown_hosts = \"/etc/ssh/ssh_known_hosts\"": "/etc/ssh/ssh_known_hosts",
	} {
		c, _ := parse(doc + "\n" + far)
		if got := c.Hosts[0].KnownHosts; got != want {
			t.Errorf("with %q they are in %q, want %q", doc, got, want)
		}
	}
}

// wantMistakes compares all that is said about a document.
func wantMistakes(t *testing.T, doc, want string) {
	t.Helper()
	_, mistakes := parse(doc)
	got := strings.ReplaceAll(mistakes.Error(), "config.toml:", "")
	if got != want {
		t.Errorf("mistakes of\n%s\ngot\n%s\nwant\n%s", withBase(doc), got, want)
	}
	if strings.Contains(got, "hunter2") {
		t.Error("the mistakes tell a secret")
	}
}

func TestPingURLs(t *testing.T) {
	for _, tt := range []struct{ url, wrong string }{
		{"https://hc-ping.com/5b9d5b0a-hunter2", ""},
		{"https://status.example.org/ping/key-hunter2/ronde?create=1", ""},
		{"http://127.0.0.1:8000/ping/hunter2", ""},
		{"http://status.example.org/ping/hunter2", "must begin with https://"},
		{"https://u:hunter2@status.example.org/ping/x", "more than the address"},
		{"https://status.example.org/ping/x#hunter2", "more than the address"},
		{"hunter2", "does not hold the address"},
		{"ftp://status.example.org/hunter2", "does not hold the address"},
		{"https://%zz/hunter2", "does not hold the address"},
	} {
		err := pingURL(tt.url)
		if (err == nil) != (tt.wrong == "") || err != nil && (!strings.Contains(err.Error(), tt.wrong) || strings.Contains(err.Error(), "hunter2")) {
			t.Errorf("%s: %v, want %q", tt.url, err, tt.wrong)
		}
	}
}

// TestSecretFiles: a file of a secret is read or refused without telling its name
// or what is in it.
func TestSecretFiles(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	for _, tt := range []struct{ name, file, want string }{
		{"one line", write("good", "hunter2\n"), ``},
		{"empty", write("empty", "\n"), `the file that it names is empty`},
		{"two lines", write("two", "hunter2\nhunter2\n"), `the file that it names has more than one line; it may hold nothing but the secret`},
		{"too long", write("long", strings.Repeat("hunter2", maxSecret)), `the file that it names is longer than 65536 bytes`},
		{"not there", dir + "/hunter2", `the file that it names does not exist`},
		{"a folder", dir, `the file that it names is not a regular file`},
		{"a device without end", "/dev/zero", `the file that it names is not a regular file`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.want != "" {
				tt.want = "4:17: mailbox.password_file: " + tt.want
			}
			wantMistakes(t, "[mailbox]\naddress = \"h:993\"\nuser = \"u\"\npassword_file = '"+tt.file+"'", tt.want)
		})
	}
}
