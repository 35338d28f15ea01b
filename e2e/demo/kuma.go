package main

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"mime"
	"mime/quotedprintable"
	"time"
)

// mailServer is who wrote the Authentication-Results of the mails.
const mailServer = "mail.exemple-asso.fr"

// kuma writes a mail as Uptime Kuma 2 sends it, about what happened to a thing at
// the given moment: it went down, or it is up again.
func kuma(thing string, down bool, at time.Time) []byte {
	said := fmt.Sprintf("[%s] [✅ Up] 200 - OK", thing)
	if down {
		said = fmt.Sprintf("[%s] [🔴 Down] timeout of 48000ms exceeded", thing)
	}
	var mail bytes.Buffer
	line := func(format string, args ...any) { fmt.Fprintf(&mail, format+"\r\n", args...) }
	line("Return-Path: <uptime@exemple-asso.fr>")
	line("Authentication-Results: %s; dkim=pass header.d=exemple-asso.fr; dmarc=pass header.from=exemple-asso.fr", mailServer)
	line("From: Uptime Kuma <uptime@exemple-asso.fr>")
	line("To: supervision@exemple-asso.fr")
	line("Subject: %s", mime.QEncoding.Encode("utf-8", said))
	line("Message-ID: <%s@exemple-asso.fr>", rand.Text())
	line("Date: %s", at.Format(time.RFC1123Z))
	line("MIME-Version: 1.0")
	line("Content-Type: text/plain; charset=utf-8")
	line("Content-Transfer-Encoding: quoted-printable\r\n")
	body := quotedprintable.NewWriter(&mail)
	fmt.Fprintf(body, "%s\nTime (Europe/Paris): %s\n", said, at.In(paris()).Format(time.DateTime))
	_ = body.Close() // a buffer takes everything
	return mail.Bytes()
}

// paris is the time zone of the bot's configuration.
func paris() *time.Location {
	zone, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		return time.UTC
	}
	return zone
}
