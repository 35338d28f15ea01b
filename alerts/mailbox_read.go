package alerts

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/emersion/go-imap/v2"

	"ronde/store"
)

const (
	batchMails = 50
	batchBytes = 4 << 20
	// listMails is how many UIDs one command names: command lines have a limit, often 8 KiB.
	listMails = 500
	// rereadBefore is how far behind the newest mail taken a renumbered folder is read again. Mail
	// servers disagree about dates by hours, and a mail seen twice changes nothing.
	rereadBefore = 48 * time.Hour
)

// head is what is known of a mail before its text is fetched.
type head struct {
	uid      imap.UID
	received time.Time // the server's internal date
	size     int64     // of the whole mail
	bare     bool      // only the UID is known
}

// catchUp sets the session's cursor: to the one given where it still means something, else by reading
// the folder's recent mails, as far as UIDNEXT.
func (s *session) catchUp(ctx context.Context, folder *imap.SelectData, cursor store.Cursor, known bool) error {
	next, err := s.uidNext(ctx, folder)
	if err != nil {
		return err
	}
	s.cursor = store.Cursor{UIDValidity: folder.UIDValidity, Received: cursor.Received}
	s.leftover = uint32(next) - 1
	since := cursor.Received.Add(-rereadBefore)
	switch {
	case !known:
		since = time.Now().Add(-s.conf.CatchUp)
		s.cursor.Received = since
	case cursor.UIDValidity == folder.UIDValidity && cursor.UID < uint32(next):
		s.cursor, s.leftover = cursor, cursor.UID
		return nil
	default:
		s.f.logger().Warn("mail folder was renumbered, reading it again", "folder", s.f.folder,
			"from", since, "uidvalidity", folder.UIDValidity, "before", cursor.UIDValidity)
	}
	heads, err := s.since(ctx, since)
	if err != nil {
		return err
	}
	heads = slices.DeleteFunc(heads, func(h head) bool { return h.uid >= next })
	if err := s.take(ctx, heads); err != nil {
		return err
	}
	return s.commit(ctx, next-1, nil)
}

// uidNext returns the UID that the next mail will have at least; servers may leave it out of their answer.
func (s *session) uidNext(ctx context.Context, folder *imap.SelectData) (imap.UID, error) {
	if folder.UIDNext != 0 || folder.NumMessages == 0 {
		return max(folder.UIDNext, 1), nil
	}
	last, err := s.list(ctx, imap.UIDSetNum(0)) // 0 is written as *, the last mail
	if err != nil || len(last) == 0 {
		return 1, err
	}
	return last[len(last)-1].uid + 1, nil
}

// readNew takes the mails beyond the cursor, and files what is taken.
func (s *session) readNew(ctx context.Context) error {
	heads, err := s.beyond(ctx, imap.UID(s.cursor.UID))
	if err != nil {
		return err
	}
	if err := s.take(ctx, heads); err != nil {
		return err
	}
	s.f.readToEnd()
	return s.file(ctx)
}

// beyond lists the mails with a greater UID than last. In careful times it asks for nothing but UIDs, which a
// server answers from its index even when it cannot read a mail.
func (s *session) beyond(ctx context.Context, last imap.UID) (heads []head, err error) {
	set := imap.UIDSet{{Start: last + 1, Stop: 0}}
	if s.f.careful > 0 {
		heads, err = s.search(ctx, &imap.SearchCriteria{UID: []imap.UIDSet{set}})
	} else {
		heads, err = s.list(ctx, set)
		s.doubt(ctx, err)
	}
	// n:* always holds the last mail, even when its UID is below n.
	return slices.DeleteFunc(heads, func(h head) bool { return h.uid <= last }), err
}

// since lists the mails that came after a moment. SEARCH knows only days, in the server's own time zone.
func (s *session) since(ctx context.Context, moment time.Time) ([]head, error) {
	found, err := s.search(ctx, &imap.SearchCriteria{Since: moment.UTC().AddDate(0, 0, -1)})
	if err != nil || s.f.careful > 0 {
		return found, err
	}
	var heads []head
	for part := range slices.Chunk(found, listMails) {
		listed, err := s.list(ctx, uidsOf(part))
		if err != nil {
			s.doubt(ctx, err)
			return nil, err
		}
		heads = append(heads, listed...)
	}
	return slices.DeleteFunc(heads, func(h head) bool { return h.received.Before(moment) }), nil
}

// take fetches and commits mails batch by batch, in the order of their UIDs.
func (s *session) take(ctx context.Context, heads []head) error {
	for len(heads) > 0 {
		n := 1
		var err error
		switch {
		case s.f.careful > 0:
			err = s.takeOne(ctx, heads[0].uid)
		case heads[0].bare:
			n = 0
			heads, err = s.complete(ctx, heads)
		default:
			n, err = s.takeBatch(ctx, heads)
		}
		if err != nil {
			return err
		}
		heads = heads[n:]
	}
	return nil
}

// complete asks for date and size of the next mails of which only the UID is known: after careful times.
func (s *session) complete(ctx context.Context, heads []head) ([]head, error) {
	next := heads[:min(len(heads), listMails)]
	listed, err := s.list(ctx, uidsOf(next))
	s.doubt(ctx, err)
	return append(listed, heads[len(next):]...), err
}

// takeBatch takes as many mails as fit into a batch and returns their number. When anything is odd it takes none,
// and the next mails are taken one at a time so that the culprit shows.
func (s *session) takeBatch(ctx context.Context, heads []head) (int, error) {
	batch := heads[:s.batchLength(heads)]
	texts, err := s.fetch(ctx, batch)
	if err != nil || len(texts) < len(batch) {
		s.f.careful = len(batch)
		if refused(err) {
			err = nil
		}
		return 0, err
	}
	mails := make([]store.Mail, 0, len(batch))
	for _, h := range batch {
		mails = append(mails, s.mail(h, texts[h.uid]))
	}
	return len(batch), s.commit(ctx, batch[len(batch)-1].uid, mails)
}

// batchLength is at least 1; a batch holds at most batchMails mails and batchBytes bytes to fetch.
func (s *session) batchLength(heads []head) int {
	bytes := int64(0)
	for i, h := range heads[:min(len(heads), batchMails)] {
		bytes += min(h.size, s.conf.MaxBytes)
		if bytes > batchBytes && i > 0 {
			return i
		}
	}
	return min(len(heads), batchMails)
}

func (s *session) mail(h head, raw []byte) store.Mail {
	if raw == nil { // an empty mail is a mail
		raw = []byte{}
	}
	if h.size > int64(len(raw)) {
		s.f.logger().Info("mail is cut", "folder", s.f.folder, "uid", h.uid, "size", h.size, "kept", len(raw))
	}
	return store.Mail{
		Folder: s.f.folder, UIDValidity: s.cursor.UIDValidity, UID: uint32(h.uid),
		Received: h.received, Size: h.size, Raw: raw, Hash: s.f.hash(raw), File: s.conf.files(),
	}
}

// commit stores mails and moves the cursor to upTo, together.
func (s *session) commit(ctx context.Context, upTo imap.UID, mails []store.Mail) error {
	next := s.cursor
	next.UID = max(next.UID, uint32(upTo))
	for _, mail := range mails {
		// A date in the future would hide mails when the folder is renumbered.
		if mail.Received.After(next.Received) && !mail.Received.After(time.Now()) {
			next.Received = mail.Received
		}
	}
	added, err := s.f.Inbox.TakeMail(ctx, next, s.f.folder, mails)
	if err != nil {
		return fmt.Errorf("store %d mails of %s: %w", len(mails), s.f.folder, err)
	}
	s.cursor = next
	if added > 0 && s.f.Taken != nil {
		s.f.Taken()
	}
	return nil
}
