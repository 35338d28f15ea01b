package main

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing/synctest"
	"time"

	"ronde/bot"
	"ronde/e2e/homeserver"
	"ronde/store"
)

// verb is one kind of step; m are the groups of its pattern.
type verb struct {
	pattern string
	do      func(c *chat, s step, m []string) error
}

// verbs lists what can happen in a script, as testdata/chats/README.md explains it.
func verbs() []verb {
	return []verb{
		{`language (fr|en)`, func(c *chat, _ step, m []string) error {
			c.settings = fmt.Sprintf("language = %q\n", m[1])
			return nil
		}},
		{`rights (\d+)`, func(c *chat, _ step, m []string) (err error) { c.rights, err = strconv.Atoi(m[1]); return err }},
		{`listed (ana|bruno|chloe)`, func(c *chat, _ step, m []string) error {
			c.listed = append(c.listed, fmt.Sprintf("%q", "@"+m[1]+":ronde.test"))
			return nil
		}},
		{`config (.*)`, func(c *chat, _ step, m []string) error { c.settings += m[1] + "\n"; return nil }},
		{`host (\S+) ?(.*)`, func(c *chat, _ step, m []string) error {
			c.tables += fmt.Sprintf("[[host]]\nname = %q\n%s\n", m[1], m[2])
			return nil
		}},
		{`routine ([^:]+): ([^;]+); (every|weekly|monthly|when|expires|rrule) ([^;]+?)(?: at (\d\d:\d\d))?(?:; (http\S+))?`, (*chat).addRoutine},

		{`forget routine (\S+)`, func(c *chat, _ step, m []string) error { return c.forget("routine", "key", m[1]) }},
		{`same ([^:]+): (.*)`, func(c *chat, _ step, m []string) error {
			c.tables += fmt.Sprintf("[[same]]\nname = %q\nthings = [\"%s\"]\n", m[1], strings.ReplaceAll(m[2], "; ", `", "`))
			return nil
		}},
		{`forget same (.+)`, func(c *chat, _ step, m []string) error { return c.forget("same", "name", m[1]) }},

		{`with (.*)`, func(c *chat, _ step, m []string) error { c.tables += m[1] + "\n"; return nil }},
		{`prompts (\w+) (each|round)(?: at (\d\d:\d\d))?`, func(c *chat, _ step, m []string) error {
			c.prompts = fmt.Sprintf("%s = %q\nat = %q\n", m[1], m[2], cmp.Or(m[3], "09:00"))
			return nil
		}},
		{`digest (\w+) at (\d\d:\d\d)`, func(c *chat, _ step, m []string) error {
			c.digest = fmt.Sprintf("day = %q\nat = %q\n", m[1], m[2])
			return nil
		}},
		{`(quiet|lease) (\S+)`, func(c *chat, _ step, m []string) error {
			c.people += fmt.Sprintf("%s = %q\n", m[1], m[2])
			return nil
		}},
		{`oncall ([a-z, ]+)`, func(c *chat, _ step, m []string) error {
			c.tables += "[oncall]\npeople = " + idsOf(m[1]) + "\n"
			return nil
		}},
		{`escalate after (\w+): (.*)`, func(c *chat, _ step, m []string) error {
			whom := strconv.Quote(m[2])
			if !slices.Contains([]string{"turn", "everyone", "room"}, m[2]) {
				whom = idsOf(m[2])
			}
			c.tables += fmt.Sprintf("[[escalation]]\nafter = %q\nmention = %s\n", m[1], whom)
			return nil
		}},
		{`critical (.*)`, func(c *chat, _ step, m []string) error {
			c.tables += fmt.Sprintf("[incidents]\ncritical = [%q]\n", m[1])
			return nil
		}},
		{`machine (\S+)`, func(c *chat, _ step, m []string) error {
			c.tables += fmt.Sprintf("[[host]]\nname = %q\nlocal = true\nroot = %q\nprobe_file = %q\n", m[1], c.dir, filepath.Join(c.dir, "probe.toml"))
			return errors.Join(os.MkdirAll(filepath.Join(c.dir, "run"), 0o700), c.putFile("probe.toml", ""))
		}},
		{`file (\S+)`, func(c *chat, s step, m []string) error { return c.putFile(m[1], strings.Join(s.block, "\n")+"\n") }},
		{`log (\S+) is counted`, func(c *chat, _ step, m []string) error {
			return c.putFile("probe.toml", fmt.Sprintf("[[log]]\nname = %q\npath = \"/services.log\"\n", m[1]))
		}},
		{`log gets (\d+) times (\S+): (.*)`, (*chat).writeToLog},
		{`reboot needed for (.*)`, func(c *chat, _ step, m []string) error {
			return errors.Join(c.putFile("run/reboot-required", "*** System restart required ***\n"), c.putFile("run/reboot-required.pkgs", m[1]+"\n"))
		}},
		{`check (\S+) (\S+)(?: every (\S+))?`, func(c *chat, _ step, m []string) error {
			c.tables += fmt.Sprintf("[[check]]\nkind = %q\nhost = %q\nevery = %q\n", m[1], m[2], cmp.Or(m[3], "none"))
			return nil
		}},
		{`forget check (\S+)`, func(c *chat, _ step, m []string) error { return c.forget("check", "kind", m[1]) }},
		{`finds (\S+) (\S+): (.*)`, (*chat).setFound},
		{`containers (\S+)(?: (.*))?`, (*chat).setContainers},
		{`container (\S+) (\S+) (says (.*)|hides its log)`, (*chat).setLog},
		{`engine (\S+) (away|silent)`, (*chat).setEngine},
		{`measured (\S+) (\S+) (\S+) (\S+) in (\S+) each (\S+): (.*)`, (*chat).setMeasured},
		{`picture (\S+)`, (*chat).picture},
		{`rebooted`, func(c *chat, _ step, _ []string) error {
			return errors.Join(os.Remove(filepath.Join(c.dir, "run/reboot-required")), os.Remove(filepath.Join(c.dir, "run/reboot-required.pkgs")))
		}},

		{`clock (.*)`, (*chat).setClock},
		{`wait (\S+)`, func(_ *chat, _ step, m []string) error { return pass(m[1]) }},
		{`start`, func(c *chat, _ step, _ []string) error { return c.start() }},
		{`stop`, func(c *chat, _ step, _ []string) error { c.stop(); return c.rewind() }},
		{`restart`, func(c *chat, _ step, _ []string) error { c.stop(); return c.start() }},
		{`hangup`, func(c *chat, _ step, _ []string) error { c.hangups <- syscall.SIGHUP; return nil }},
		{`killed while it sends`, func(c *chat, _ step, _ []string) error { c.killOnSend(); return nil }},
		{`homeserver down`, func(c *chat, _ step, _ []string) error { c.srv.GoAway(); return nil }},
		{`homeserver up`, func(c *chat, _ step, _ []string) error { return c.srv.ComeBack() }},
		{`pager ?(.*)`, (*chat).addPager},
		{`(ntfy|email) (works|is gone|is full|is deaf)`, (*chat).setRoad},
		{`silence`, func(*chat, step, []string) error { return nil }},

		{`mail`, func(c *chat, s step, _ []string) error { return c.writeMail(s.block) }},
		{`mail (\S+)`, (*chat).mailFromFile},
		{`(unverified )?kuma (down|up) ([^|;]+) \| ([^;]*)(?:; sent (.*))?`, (*chat).kuma},
		{`(unverified )?healthchecks (down|up) ([^|;]+) \| ([^;]*)(?:; sent (.*))?`, (*chat).healthchecks},
		{`webhook kuma (down|up) ([^|;]+) \| ([^;]*)(?:; sent (.*))?`, (*chat).kumaHook},
		{`webhook (\w+)/(\S+)`, (*chat).hookFile},
		{`webhook (\w+)`, (*chat).hookBody},
		{`kuma > (.*)`, (*chat).kumaSays},
		{`(\d+) times (.*)`, (*chat).again},

		{`(ana|bruno|chloe|ronde)(?:, (\w+))? > (.*)`, (*chat).say},
		{`(ana|bruno|chloe) reacts (\S+)(?: to (.*))?`, (*chat).react},
		{`(ana|bruno|chloe) removes (\S+)`, (*chat).unreact},
		{`(ana|bruno|chloe) deletes`, func(c *chat, _ step, m []string) error { return c.redact(m[1], c.words[m[1]]) }},

		{`buttons ?(.*?)(?: under (.*))?`, (*chat).buttons},
		{`(no )?hourglass for (ana|bruno|chloe)`, (*chat).hourglass},
		{`audit (.*)`, (*chat).audit},
		{`harm (\w+)`, func(c *chat, _ step, m []string) error { return c.rename(m[1], "lost_"+m[1]) }},
		{`heal (\w+)`, func(c *chat, _ step, m []string) error { return c.rename("lost_"+m[1], m[1]) }},
	}
}

// do makes a step happen. The homeserver panics when it refuses something.
func (c *chat) do(s step) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%v", r)
		}
	}()
	for _, v := range verbs() {
		if m := regexp.MustCompile("^" + v.pattern + "$").FindStringSubmatch(s.text); m != nil {
			return v.do(c, s, m)
		}
	}
	return fmt.Errorf("%q is no step; testdata/chats/README.md lists them", s.text)
}

func (c *chat) addRoutine(_ step, m []string) error {
	names := strings.Split(m[1], ", ")
	var value string
	switch days := strings.Fields(m[4]); m[3] {
	case "weekly":
		value = `["` + strings.Join(days, `", "`) + `"]`
	default:
		value = strconv.Quote(m[4])
	}
	french, english, _ := strings.Cut(m[2], " / ")
	c.tables += fmt.Sprintf("[[routine]]\nkey = %q\ntitle = { fr = %q, en = %q }\n%s = %s\nat = %q\n",
		names[0], french, cmp.Or(english, french), m[3], value, cmp.Or(m[5], "09:00"))
	if len(names) > 1 {
		c.tables += `aliases = ["` + strings.Join(names[1:], `", "`) + "\"]\n"
	}
	if m[6] != "" {
		c.tables += fmt.Sprintf("runbook = %q\n", m[6])
	}
	return nil
}

// idsOf writes the ids of some people as a list of the configuration.
func idsOf(names string) string {
	return `["@` + strings.Join(strings.Split(names, ", "), `:ronde.test", "@`) + `:ronde.test"]`
}

// forget takes one of several tables out of the configuration.
func (c *chat) forget(table, key, name string) error {
	before, rest, found := strings.Cut(c.tables, fmt.Sprintf("[[%s]]\n%s = %q\n", table, key, name))
	if !found {
		return fmt.Errorf("there is no %s %q to forget", table, name)
	}
	c.tables = before
	if next := strings.Index(rest, "[["); next >= 0 {
		c.tables += rest[next:]
	}
	return nil
}

func (c *chat) putFile(name, text string) error {
	path := filepath.Join(c.dir, name)
	return errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600))
}

// setClock lets the time pass up to a moment in Paris.
func (c *chat) setClock(_ step, m []string) error {
	to, err := time.ParseInLocation("2006-01-02 15:04", m[1], c.paris)
	if err != nil {
		return err
	}
	if to.Before(time.Now()) {
		return fmt.Errorf("the clock shows %s already", time.Now().In(c.paris).Format("2006-01-02 15:04"))
	}
	time.Sleep(time.Until(to))
	return nil
}

func pass(length string) error {
	d, err := time.ParseDuration(length)
	time.Sleep(d)
	return err
}

// again does a step many times, a minute apart.
func (c *chat) again(s step, m []string) error {
	times, err := strconv.Atoi(m[1])
	if err != nil {
		return err
	}
	s.text = m[2]
	for range times {
		if err := c.do(s); err != nil {
			return err
		}
		time.Sleep(time.Minute)
		synctest.Wait()
	}
	return nil
}

const passed = "Authentication-Results: mx.exemple-asso.fr; dkim=pass header.d=exemple-asso.fr\n"

// writeMail delivers a mail of the script, with a date if it has none.
func (c *chat) writeMail(lines []string) error {
	raw := strings.Join(lines, "\n") + "\n"
	if !strings.Contains(raw, "\nDate: ") {
		raw = "Date: " + time.Now().Format(time.RFC1123Z) + "\n" + raw
	}
	return c.mail(raw)
}

func (c *chat) mailFromFile(_ step, m []string) error {
	raw, err := os.ReadFile(filepath.Join("alerts/testdata/mails", m[1]+".eml"))
	if err != nil {
		return err
	}
	return c.mail(passed + string(raw))
}

// kuma writes a mail as Uptime Kuma does.
func (c *chat) kuma(_ step, m []string) error {
	sent, err := c.sent(m[5])
	if err != nil {
		return err
	}
	line := kumaLine(m[2], m[3], m[4])
	return c.mailFrom("Uptime Kuma <uptime@exemple-asso.fr>", line, line, sent, m[1] == "")
}

// healthchecks writes a mail as Healthchecks does.
func (c *chat) healthchecks(_ step, m []string) error {
	sent, err := c.sent(m[5])
	if err != nil {
		return err
	}
	status := strings.ToUpper(m[2])
	body := fmt.Sprintf("%q is %s.\nReason: %s.\n", m[3], status, m[4])
	return c.mailFrom("Healthchecks <hc@exemple-asso.fr>", status+" | "+m[3], body, sent, m[1] == "")
}

func (c *chat) mailFrom(who, subject, body string, sent time.Time, verified bool) error {
	mail := fmt.Sprintf("From: %s\nSubject: %s\nDate: %s\nContent-Type: text/plain; charset=utf-8\n\n%s\n", who, subject, sent.Format(time.RFC1123Z), body)
	if verified {
		mail = passed + mail
	}
	return c.mail(mail)
}

// say has somebody write something, in Technique unless the script says else.
func (c *chat) say(s step, m []string) error {
	c.furnish()
	who, how, body := m[1], m[2], s.all(m[3])
	room, content := c.rooms[bot.Technique], map[string]any{"msgtype": "m.text", "body": body}
	switch how {
	case "", "technique":
	case "supervision":
		room = c.rooms[bot.Supervision]
	case "notice":
		content["msgtype"] = "m.notice"
	case "reply":
		room = cmp.Or(c.roomOf(c.last.event), room)
		content["m.relates_to"] = map[string]any{"m.in_reply_to": map[string]any{"event_id": c.last.event}}
	case "thread":
		room = cmp.Or(c.roomOf(c.card), room)
		content["m.relates_to"] = map[string]any{"rel_type": "m.thread", "event_id": c.card}
	case "edit":
		content["m.new_content"] = map[string]any{"msgtype": "m.text", "body": body}
		content["m.relates_to"] = map[string]any{"rel_type": "m.replace", "event_id": c.words[who]}
		content["body"] = "* " + body
	default:
		return fmt.Errorf("nobody can say something as %q", how)
	}
	event := c.srv.Send(who, room, "m.room.message", content)
	if how != "edit" {
		c.words[who] = event
	}
	return nil
}

// react taps on the card that the script had last, or on the newest that has the
// given words in it.
func (c *chat) react(_ step, m []string) error {
	card := c.which(m[3])
	if card == "" {
		return errors.New("there is no such card")
	}
	who := m[1] + " " + m[2]
	c.taps[who] = append(c.taps[who], c.srv.React(m[1], c.roomOf(card), card, m[2]))
	return nil
}

// unreact takes the newest such reaction of somebody back.
func (c *chat) unreact(_ step, m []string) error {
	who := m[1] + " " + m[2]
	taps := c.taps[who]
	if len(taps) == 0 {
		return fmt.Errorf("%s has no %s to remove", m[1], m[2])
	}
	c.taps[who] = taps[:len(taps)-1]
	return c.redact(m[1], taps[len(taps)-1])
}

func (c *chat) redact(who, event string) error {
	if event == "" {
		return fmt.Errorf("%s has nothing to take back", who)
	}
	c.srv.Redact(who, c.roomOf(event), event)
	return nil
}

func (c *chat) roomOf(event string) string {
	for _, room := range c.rooms {
		if slices.ContainsFunc(c.srv.Timeline(room), func(e homeserver.Event) bool { return e.ID == event }) {
			return room
		}
	}
	return ""
}

// which returns the newest of the bot's cards that shows the given words now, or
// without words the one that the script had last. Where no card shows them, it is the
// newest notice that does.
func (c *chat) which(words string) string {
	if words == "" {
		return c.card
	}
	if card := c.showing(words, true); card != "" {
		return card
	}
	return c.showing(words, false)
}

// showing returns the newest of both rooms; of two of the same moment that in Supervision.
func (c *chat) showing(words string, card bool) string {
	var newest homeserver.Event
	for _, name := range []string{bot.Supervision, bot.Technique} {
		for _, e := range slices.Backward(c.srv.Roots(c.rooms[name])) {
			body := e.Body()
			if edits := c.srv.EditsOf(e.ID); len(edits) > 0 {
				body = edits[len(edits)-1].Body()
			}
			if isCard(e) == card && strings.Contains(strings.ReplaceAll(body, "\u00a0", " "), words) && e.At.After(newest.At) {
				newest = e
			}
		}
	}
	return newest.ID
}

// buttons checks the bot's own reactions to the last card.
func (c *chat) buttons(_ step, m []string) error {
	var seeds []string
	for _, e := range c.srv.ReactionsTo(c.which(m[2])) {
		if _, emoji := e.ReactsTo(); e.Sender == self {
			seeds = append(seeds, emoji)
		}
	}
	if got := strings.Join(seeds, " "); got != m[1] {
		return fmt.Errorf("the card's buttons are %q, not %q", got, m[1])
	}
	return nil
}

// hourglass checks whether the bot says under somebody's last message that the answer
// takes a while.
func (c *chat) hourglass(_ step, m []string) error {
	shown := false
	for _, e := range c.srv.ReactionsTo(c.words[m[2]]) {
		_, emoji := e.ReactsTo()
		shown = shown || e.Sender == self && emoji == "⏳"
	}
	if shown != (m[1] == "") {
		return fmt.Errorf("that there is an hourglass is %v", shown)
	}
	return nil
}

// audit checks the newest line of the audit log.
func (c *chat) audit(_ step, m []string) error {
	var deeds []store.Deed
	err := c.store.View(c.t.Context(), func(tx *store.Tx) (err error) {
		deeds, err = tx.Deeds(1)
		return err
	})
	if err != nil {
		return err
	}
	got := "empty"
	if len(deeds) > 0 {
		d := deeds[0]
		who, _, _ := strings.Cut(strings.TrimPrefix(d.Who, "@"), ":")
		got = strings.Join(strings.Fields(fmt.Sprintf("%s %s %s by %s: %s", who, d.Action, d.Subject, d.How, d.Outcome)), " ")
	}
	if got != m[1] {
		return fmt.Errorf("the audit log says %q, not %q", got, m[1])
	}
	return nil
}

// rename takes a table away from the bot, or gives it back, so that whatever
// needs it fails.
func (c *chat) rename(from, to string) error {
	c.harmed = true
	db, ok := c.store.Matrix().(interface {
		Exec(ctx context.Context, query string, args ...any) (sql.Result, error)
	})
	if !ok {
		return errors.New("the store takes no SQL")
	}
	_, err := db.Exec(c.t.Context(), "ALTER TABLE "+from+" RENAME TO "+to)
	return err
}
