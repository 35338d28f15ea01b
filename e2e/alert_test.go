package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"ronde/e2e/peers"
	"ronde/e2e/scene"
)

// kumaMail is a mail of Uptime Kuma, as its version 1.23 writes it.
func kumaMail(thing, mark, message string, at time.Time, headers ...string) []byte {
	return []byte(strings.Join(append(headers,
		"From: Uptime Kuma <uptime@exemple-asso.fr>",
		"To: alertes@exemple-asso.fr",
		fmt.Sprintf("Subject: [%s] [%s] %s", thing, mark, message),
		fmt.Sprintf("Message-ID: <%d.%s@exemple-asso.fr>", at.UnixNano(), strings.ReplaceAll(strings.ReplaceAll(mark, " ", ""), "🔴", "")[:2]),
		"Date: "+at.Format(time.RFC1123Z),
		"MIME-Version: 1.0",
		"Content-Type: text/plain; charset=utf-8",
		"",
		fmt.Sprintf("[%s] [%s] %s", thing, mark, message),
		"",
	), "\r\n"))
}

// withMailbox sets a town up whose bot follows a real Dovecot.
func withMailbox(t *testing.T) (*town, *peers.Dovecot) {
	t.Helper()
	mail := peers.NeedDovecot(t)
	w := settle(t, func(s *scene.Settings) {
		s.Mailbox = scene.Mailbox{Address: mail.Addr, User: mail.User, Password: mail.Password, AuthServID: "mx.exemple-asso.fr"}
	})
	return w, mail
}

func TestAnAlertFromMailToRecovery(t *testing.T) {
	w, mail := withMailbox(t)
	began := time.Now().Add(-3 * time.Minute)
	proof := "Authentication-Results: mx.exemple-asso.fr; dmarc=pass header.from=exemple-asso.fr"
	must(t, mail.Deliver(kumaMail("Nuage", "🔴 Down", "Request failed with status code 502", began, proof)))
	card := w.expect(t, w.supervision, "the incident", "🔴 Panne · Nuage", "Request failed with status", "depuis")
	if !card.Encrypted || card.Notice || strings.Contains(card.Body, "non vérifié") {
		t.Errorf("the card must be encrypted, ring, and count as verified: %+v", card)
	}
	must(t, mail.Deliver(kumaMail("Nuage", "🔴 Down", "timeout of 48000ms exceeded", began.Add(time.Minute), proof)))
	w.expect(t, w.supervision, "the repeat", "annoncée 2 fois", "timeout of 48000ms")

	taken, err := w.ana.React(w.ctx, w.supervision, card.ID, "👀")
	must(t, err)
	w.expect(t, w.supervision, "who took it", "🟠 Prise en charge · Nuage", "👀 ana")
	_, err = w.ana.Say(w.ctx, w.technique, "!incidents")
	must(t, err)
	w.expect(t, w.technique, "the list", "1 incident ouvert", "Nuage", "ana")
	must(t, w.ana.Remove(w.ctx, w.supervision, taken))
	w.expect(t, w.supervision, "nobody taking it any more", "🔴 Panne · Nuage")

	must(t, mail.Deliver(kumaMail("Nuage", "✅ Up", "200 - OK", began.Add(2*time.Minute), proof)))
	up := w.expect(t, w.supervision, "the recovery", "🟢 Rétabli · Nuage", "après 2 min")
	if up.ID != card.ID {
		t.Error("the recovery is a second message, not an edit of the card")
	}
	must(t, w.ana.Unread())
}

func TestAMailThatNobodyVouchesForSaysSo(t *testing.T) {
	w, mail := withMailbox(t)
	must(t, mail.Deliver(kumaMail("Forge", "🔴 Down", "connect ECONNREFUSED", time.Now())))
	w.expect(t, w.supervision, "the mark", "🔴 Panne · Forge", "Expéditeur non vérifié")
}

func TestAnUnknownMailIsShownWithoutItsFangs(t *testing.T) {
	w, mail := withMailbox(t)
	must(t, mail.Deliver([]byte("From: \"@room\" <x@exemple-asso.fr>\r\nSubject: <b>Promo</b>\r\nMessage-ID: <promo@x>\r\nDate: "+
		time.Now().Format(time.RFC1123Z)+"\r\nContent-Type: text/plain\r\n\r\n<script>alert(1)</script>\r\n"+
		"https://hc.exemple.fr/ping/5f3bdd1e-6a05-4e9c-b51a-0d9d9cd0a111\r\n")))
	m := w.expect(t, w.supervision, "the mail", "✉️", "Promo")
	if strings.Contains(m.HTML, "<script>") || strings.Contains(m.HTML, "<b>Promo") {
		t.Errorf("the mail's markup got through:\n%s", m.HTML)
	}
	if strings.Contains(m.Body+m.HTML, "5f3bdd1e-6a05-4e9c") {
		t.Errorf("the ping address got through:\n%s", m.Body)
	}
}

func TestNothingIsLostOrDoubledOverAKillAndAnAbsence(t *testing.T) {
	w, mail := withMailbox(t)
	card := w.expect(t, w.technique, "the routine's card", "À faire")
	must(t, w.bot.Kill())
	_, err := w.ana.React(w.ctx, w.technique, card.ID, "✅")
	must(t, err)
	_, err = w.ana.Say(w.ctx, w.supervision, "!aide pannes")
	must(t, err)
	must(t, mail.Deliver(kumaMail("Nuage", "🔴 Down", "502", time.Now())))
	must(t, w.bot.Start())
	w.expect(t, w.technique, "the reaction made while the bot was dead", "✅ Fait : Vérifier les sauvegardes")
	w.expect(t, w.supervision, "the mail that came while the bot was dead", "🔴 Panne · Nuage")
	w.expect(t, w.supervision, "the answer to what was asked in the encrypted room", "Liste les incidents ouverts")
	cards := 0
	for _, m := range w.ana.Room(w.technique) {
		if strings.Contains(m.Original, "Vérifier les sauvegardes") {
			cards++
		}
	}
	if cards != 1 {
		t.Errorf("%d cards of one occurrence:\n%s", cards, w.ana.Transcript(w.technique))
	}
	must(t, w.ana.Unread())
}
