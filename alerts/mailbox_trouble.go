package alerts

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/emersion/go-imap/v2"

	"ronde/store"
)

// giveUpAfter is how many failures in a row on the same mail make it suspect. It counts as unreadable when
// it fails once more right after the server delivered another mail.
const giveUpAfter = 3

// doubt makes the next mails be read one at a time after an error that may be one mail's fault.
func (s *session) doubt(ctx context.Context, err error) {
	if err != nil && ctx.Err() == nil {
		s.f.careful = batchMails
	}
}

// takeOne takes a single mail. A mail that no longer exists is none; one that exists and does not come is
// an error until it is given up.
func (s *session) takeOne(ctx context.Context, uid imap.UID) error {
	mail, err := s.one(ctx, uid)
	if err != nil {
		return err
	}
	s.f.careful = max(s.f.careful-1, 0)
	s.f.trouble = trouble{}
	if mail == nil {
		return s.commit(ctx, uid, nil)
	}
	return s.commit(ctx, uid, []store.Mail{*mail})
}

// one returns the mail, a stand-in for it once it counts as unreadable, or nil when it is gone.
func (s *session) one(ctx context.Context, uid imap.UID) (*store.Mail, error) {
	if s.known(uid) && s.f.trouble.proven {
		mail := s.standIn(uid)
		s.f.logger().Error("mail cannot be read, a stand-in is taken", "folder", s.f.folder, "uid", uid)
		return &mail, nil
	}
	proven := s.known(uid) && s.f.trouble.failures >= giveUpAfter && s.serves(ctx, uid)
	mail, err := s.try(ctx, uid)
	if err != nil && ctx.Err() == nil {
		s.blame(uid, proven)
	}
	return mail, err
}

// try fetches one mail, which is nil when it does not exist.
func (s *session) try(ctx context.Context, uid imap.UID) (*store.Mail, error) {
	heads, err := s.list(ctx, imap.UIDSetNum(uid))
	if err != nil || len(heads) == 0 {
		return nil, err
	}
	texts, err := s.fetch(ctx, heads)
	if text, ok := texts[uid]; ok || err == nil && heads[0].size == 0 {
		mail := s.mail(heads[0], text)
		return &mail, nil
	}
	if err != nil && !refused(err) {
		return nil, err
	}
	return nil, s.missing(ctx, uid, err)
}

// missing tells a mail that was just deleted, which is no error, from one that the server does not deliver.
func (s *session) missing(ctx context.Context, uid imap.UID, refusal error) error {
	heads, err := s.list(ctx, imap.UIDSetNum(uid))
	if err != nil || len(heads) == 0 {
		return err
	}
	if refusal != nil {
		return refusal
	}
	return fmt.Errorf("mail %d of %s was left out of the answer", uid, s.f.folder)
}

// known says whether the mail is the one that failed last.
func (s *session) known(uid imap.UID) bool {
	return s.f.trouble.uid == uid && s.f.trouble.validity == s.cursor.UIDValidity
}

// blame counts a failure on one mail. The error that caused it ends the session, so that the next try
// has a fresh connection and a pause before it.
func (s *session) blame(uid imap.UID, proven bool) {
	if !s.known(uid) {
		s.f.trouble = trouble{validity: s.cursor.UIDValidity, uid: uid}
	}
	s.f.trouble.failures++
	s.f.trouble.proven = proven
}

// serves says whether the server, just before the mail with uid is tried once more, delivers another one. A server
// that has lost its storage for an hour must not turn every mail into a stand-in.
func (s *session) serves(ctx context.Context, uid imap.UID) bool {
	folder := s.client.Mailbox()
	if folder == nil || folder.NumMessages <= 1 {
		return folder != nil
	}
	// Any one mail, another each time: it might be broken as well.
	other := imap.SeqSetNum(1 + rand.Uint32N(folder.NumMessages))
	return s.readable(ctx, other, uid)
}

// readable says whether the server delivers the start of a mail that is not the one with UID except.
func (s *session) readable(ctx context.Context, set imap.SeqSet, except imap.UID) (ok bool) {
	section := &imap.FetchItemBodySection{Peek: true, Partial: &imap.SectionPartial{Size: 512}}
	_ = s.within(ctx, commandTimeout, "try another mail", func() error {
		answer := s.client.Fetch(set, &imap.FetchOptions{UID: true, BodySection: []*imap.FetchItemBodySection{section}})
		defer answer.Close()
		for msg := answer.Next(); msg != nil; msg = answer.Next() {
			uid, text, err := s.text(msg)
			if err != nil {
				return err
			}
			ok = ok || uid != except && len(text) > 0
		}
		return answer.Close()
	})
	return ok
}

// standIn is what the inbox gets in place of a mail that cannot be read: people see that there was one.
func (s *session) standIn(uid imap.UID) store.Mail {
	raw := fmt.Appendf(nil, "From: ronde <ronde@localhost>\r\n"+
		"Subject: Mail illisible / unreadable mail (%[1]s, UID %[2]d)\r\n"+
		"X-Ronde-Unreadable: yes\r\n"+
		"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"+
		"Le serveur de courrier n’a pas pu donner ce mail. Il est dans le dossier %[1]s, UID %[2]d (UIDVALIDITY %[3]d).\r\n"+
		"The mail server could not deliver this mail. It is in the folder %[1]s, UID %[2]d (UIDVALIDITY %[3]d).\r\n",
		s.f.folder, uid, s.cursor.UIDValidity)
	mail := s.mail(head{uid: uid, received: time.Now(), size: int64(len(raw))}, raw)
	mail.File = false // whoever looks for it finds it where this says
	return mail
}
