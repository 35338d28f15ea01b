package main

import (
	"fmt"
	"mime"
	"strings"
	"time"
)

// mail is one mail as it is delivered.
type mail struct {
	raw     []byte
	repeats bool // it was delivered before
}

const (
	kumaFrom  = "Uptime Kuma <uptime@exemple-asso.fr>"
	vigieFrom = "Vigie <vigie@exemple-asso.fr>"
	otherFrom = "Camille <camille@exemple-asso.fr>"
)

// firstNumber makes the numbers of alerts stand out: no time of day and no other
// count looks like them.
const firstNumber = 48000

func thingName(kuma bool, i int) string {
	if kuma {
		return fmt.Sprintf("Nuage %02d", i)
	}
	return fmt.Sprintf("borg antigone %02d", i)
}

func fault(number int) string { return fmt.Sprintf("timeout of %dms exceeded", number) }

func failure(t *thing, number int, at time.Time) mail {
	if t.kuma {
		line := fmt.Sprintf("[%s] [🔴 Down] %s", t.name, fault(number))
		return compose(kumaFrom, line, number, at, line+"\nTime (Europe/Paris): "+at.Format(time.DateTime)+"\n")
	}
	body := fmt.Sprintf("The check \"%s\" has gone down.\nReason: %s.\n\nDetails:\n--------\nProject: Sauvegardes\n", t.name, fault(number))
	return compose(vigieFrom, "DOWN | "+t.name, number, at, body)
}

func recovery(t *thing, number int, at time.Time) mail {
	if t.kuma {
		line := fmt.Sprintf("[%s] [✅ Up] 200 - OK", t.name)
		return compose(kumaFrom, line, number, at, line+"\nTime (Europe/Paris): "+at.Format(time.DateTime)+"\n")
	}
	body := fmt.Sprintf("The check \"%s\" has gone up.\nThe downtime lasted 12 minutes.\n", t.name)
	return compose(vigieFrom, "UP | "+t.name, number, at, body)
}

// distinct counts the mails that are not delivered again.
func (p *plan) distinct() (n int) {
	for _, m := range p.mails {
		if !m.repeats {
			n++
		}
	}
	return n + p.tellings(byMail)
}

func letterSubject(n int) string { return fmt.Sprintf("Lettre %02d pour l'équipe", n) }

func letter(n int, at time.Time) mail {
	return compose(otherFrom, letterSubject(n), n, at, fmt.Sprintf("Bonjour,\n\nceci est la lettre %d.\n", n))
}

func compose(from, subject string, n int, at time.Time, body string) mail {
	var b strings.Builder
	b.WriteString("Received: from localhost by mail.exemple-asso.fr with LMTP id first\n")
	fmt.Fprintf(&b, "From: %s\nTo: alertes@exemple-asso.fr\nSubject: %s\n", from, mime.QEncoding.Encode("utf-8", subject))
	fmt.Fprintf(&b, "Date: %s\nMessage-ID: <%d@exemple-asso.fr>\n", at.UTC().Format(time.RFC1123Z), n)
	b.WriteString("MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n" + body)
	return mail{raw: []byte(strings.ReplaceAll(b.String(), "\n", "\r\n"))}
}

// again is the same mail delivered once more: only the trace is new.
func (m mail) again(n int) mail {
	return mail{[]byte(strings.Replace(string(m.raw), "id first", fmt.Sprintf("id again-%d", n), 1)), true}
}
