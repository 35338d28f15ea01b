package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/id"

	"ronde/e2e/peers"
	"ronde/e2e/scene"
)

// warmUps are the first mails, which do not count: connections are made and
// programs paged in.
const warmUps = 3

// mailLimit is how long one mail may take. Dovecot alone waits half a second
// before it tells.
const mailLimit = 30 * time.Second

// relay is one way from a mailbox into a room.
type relay struct {
	name    string
	mailbox *peers.Dovecot
	mail    *mailTap
	matrix  *matrixTap
	room    id.RoomID
	stop    func() error
	bot     *bot    // nil for the bare loop
	poster  *poster // of the bot's webhooks
	times   []passage
}

// passage is one mail's way through a relay.
type passage struct {
	pushed   time.Time // the mail server announced it
	fetched  time.Time // the mail server had handed it out
	asked    time.Time // the request with the event reached the homeserver
	accepted time.Time // the homeserver had answered it
}

// measureRelay sends mails through the bot and through the bare loop, in turns.
func measureRelay(ctx context.Context, t *town) ([]figure, error) {
	if err := errors.Join(t.needMail(ctx), t.needHomeserver(ctx)); err != nil {
		return nil, err
	}
	bot, err := t.relayOfBot(ctx)
	if err != nil {
		return nil, err
	}
	bare, err := t.relayOfLoop(ctx)
	if err != nil {
		return nil, err
	}
	t.say("relaying %d mails each, in turns, into rooms without encryption; Dovecot waits 0.5 s before it tells of each", t.mails)
	if err := t.passAll(ctx, bot, bare); err != nil {
		return nil, err
	}
	t.sayPassages(bot)
	t.sayPassages(bare)
	if err := t.sayMemory(bot.bot.PID(), "the bot after its mails", "status", "VmRSS", "VmHWM"); err != nil {
		return nil, err
	}
	// What is measured next need not bear with them.
	if err := errors.Join(bot.stop(), bare.stop()); err != nil {
		return nil, err
	}
	whole, bareWhole := bot.spans(whole), bare.spans(whole)
	return []figure{
		milliseconds("relay_p50", median(whole), median(bareWhole)),
		milliseconds("relay_p99", quantile(whole, 0.99), quantile(bareWhole, 0.99)),
		milliseconds("alert_p99", quantile(bot.spans(taken), 0.99), quantile(bare.spans(taken), 0.99)),
		milliseconds("sent_p99", quantile(bot.spans(working), 0.99), 0),
		milliseconds("server_p99", quantile(bot.spans(sending), 0.99), quantile(bare.spans(sending), 0.99)),
	}, nil
}

// passAll sends mails through the relays in turns.
func (t *town) passAll(ctx context.Context, relays ...*relay) error {
	for i := -warmUps; i < t.mails; i++ {
		for _, r := range relays {
			if err := r.pass(ctx, i); err != nil {
				return fmt.Errorf("mail %d through %s: %w%s", i, r.name, err, r.botLog())
			}
		}
	}
	return nil
}

// relayOfBot starts a bot with a mailbox and without a limit to its sending.
func (t *town) relayOfBot(ctx context.Context) (*relay, error) {
	r, err := t.newRelay(botName)
	if err != nil {
		return nil, err
	}
	posts, tables, err := t.openHooks("relay")
	if err != nil {
		return nil, err
	}
	b, err := t.newBot(ctx, botName, false, func(s *scene.Settings) {
		s.Mailbox = scene.Mailbox{Address: r.mail.address, User: r.mailbox.User, Password: r.mailbox.Password}
		s.Routines = tables
	})
	if err != nil {
		return nil, err
	}
	r.poster = posts
	if err := t.move(ctx, b); err != nil {
		return nil, err
	}
	r.room, r.bot, r.stop = b.supervision, b, b.Stop
	return r, nil
}

// relayOfLoop starts the bare loop, with accounts of its own on the same servers.
func (t *town) relayOfLoop(ctx context.Context) (*relay, error) {
	r, err := t.newRelay(loopName)
	if err != nil {
		return nil, err
	}
	client, err := t.logIn(ctx, loopName)
	if err != nil {
		return nil, err
	}
	if r.room, err = t.ana.CreateRoom(ctx, loopName, false, client.UserID); err != nil {
		return nil, err
	}
	loop, err := openBareLoop(ctx, login{r.mail.address, r.mailbox.User, r.mailbox.Password}, client, r.room)
	if err != nil {
		return nil, err
	}
	r.stop = loop.close
	return r, nil
}

// newRelay returns a relay of a mailbox that nobody serves yet.
func (t *town) newRelay(name string) (*relay, error) {
	mailbox := t.mail[name]
	tap, err := openMailTap(mailbox.Addr)
	if err != nil {
		return nil, err
	}
	t.later(tap.close)
	return &relay{name: name, mailbox: mailbox, mail: tap, matrix: t.matrix}, nil
}

func (t *town) logIn(ctx context.Context, name string) (*mautrix.Client, error) {
	if err := t.homeserver.Register(ctx, name, passwordOf(name)); err != nil {
		return nil, err
	}
	client, err := mautrix.NewClient(t.matrix.url, "", "")
	if err != nil {
		return nil, err
	}
	_, err = client.Login(ctx, &mautrix.ReqLogin{
		Type: mautrix.AuthTypePassword, Password: passwordOf(name), StoreCredentials: true,
		Identifier: mautrix.UserIdentifier{Type: mautrix.IdentifierTypeUser, User: name},
	})
	return client, err
}

// pass delivers one mail and waits until the homeserver has it.
func (r *relay) pass(ctx context.Context, number int) error {
	ctx, cancel := context.WithTimeout(ctx, mailLimit)
	defer cancel()
	if err := r.mail.idles(ctx); err != nil {
		return err
	}
	thing := fmt.Sprintf("Sonde %s", rand.Text()) // a new one, so a new card
	came := r.matrix.expect(message(string(r.room), thing))
	if err := r.mailbox.Deliver(kumaDown(thing)); err != nil {
		return err
	}
	c, err := await(ctx, "the event", came)
	if err != nil {
		return err
	}
	if number >= 0 {
		pushed, fetched := r.mail.last()
		r.times = append(r.times, passage{pushed, fetched, c.asked, c.answered})
	}
	if r.poster == nil {
		return nil
	}
	// Things that stay down would come to be one fault for all.
	return r.poster.recover(ctx, r.matrix, string(r.room), thing)
}

// botLog returns what the bot said, for an error.
func (r *relay) botLog() string {
	if r.bot == nil {
		return ""
	}
	return "\nthe bot's log:\n" + r.bot.Log()
}

// kumaDown is a mail of Uptime Kuma about a monitor that went down.
func kumaDown(thing string) []byte {
	return []byte(strings.Join([]string{
		"From: Uptime Kuma <uptime@exemple-asso.fr>",
		"To: alertes@exemple-asso.fr",
		fmt.Sprintf("Subject: [%s] [🔴 Down] Request failed with status code 502", thing),
		fmt.Sprintf("Message-ID: <%s@exemple-asso.fr>", rand.Text()),
		"Date: " + time.Now().Format(time.RFC1123Z),
		"MIME-Version: 1.0",
		"Content-Type: text/plain; charset=utf-8",
		"",
		fmt.Sprintf("[%s] [🔴 Down] Request failed with status code 502", thing),
		"",
	}, "\r\n"))
}

// The spans of a passage.
func whole(p passage) time.Duration    { return p.accepted.Sub(p.pushed) }
func fetching(p passage) time.Duration { return p.fetched.Sub(p.pushed) }
func sending(p passage) time.Duration  { return p.accepted.Sub(p.asked) }

// taken is from the mail to the event: the mail server had handed the mail out,
// which is a little before the bot has committed it to its inbox.
func taken(p passage) time.Duration { return p.accepted.Sub(p.fetched) }

// working is the part of taken that is the bot's: the homeserver had the request
// then, and not yet answered it.
func working(p passage) time.Duration { return p.asked.Sub(p.fetched) }

func (r *relay) spans(of func(passage) time.Duration) []time.Duration {
	spans := make([]time.Duration, len(r.times))
	for i, p := range r.times {
		spans[i] = of(p)
	}
	return spans
}

// sayPassages tells where the time went.
func (t *town) sayPassages(r *relay) {
	for _, span := range []struct {
		name string
		of   func(passage) time.Duration
	}{
		{"push to mail fetched", fetching}, {"mail fetched to request", working}, {"request to answer", sending},
		{"mail fetched to answer", taken}, {"all", whole},
	} {
		all := r.spans(span.of)
		t.say("%-14s %-24s p50 %6.2f  p90 %6.2f  p99 %6.2f  max %6.2f ms", r.name, span.name,
			quantile(all, 0.5).Seconds()*1000, quantile(all, 0.9).Seconds()*1000, quantile(all, 0.99).Seconds()*1000, quantile(all, 1).Seconds()*1000)
	}
}
