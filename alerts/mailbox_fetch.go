package alerts

import (
	"cmp"
	"context"
	"errors"
	"io"
	"slices"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
)

// errCut is a mail's text that ended before its announced length.
var errCut = errors.New("the mail's text was cut short")

func uidsOf(heads []head) imap.UIDSet {
	var set imap.UIDSet
	for _, h := range heads {
		set.AddNum(h.uid)
	}
	return set
}

// search returns the mails that match, in the order of their UIDs, as bare heads.
func (s *session) search(ctx context.Context, criteria *imap.SearchCriteria) (heads []head, err error) {
	err = s.within(ctx, listTimeout, "search "+s.f.folder, func() error {
		found, err := s.client.UIDSearch(criteria, nil).Wait()
		if err != nil {
			return err
		}
		for _, uid := range found.AllUIDs() {
			heads = append(heads, head{uid: uid, bare: true})
		}
		return nil
	})
	slices.SortFunc(heads, func(a, b head) int { return cmp.Compare(a.uid, b.uid) })
	return heads, err
}

// list returns date and size of the mails in set that exist, in the order of their UIDs.
func (s *session) list(ctx context.Context, set imap.UIDSet) (heads []head, err error) {
	err = s.within(ctx, listTimeout, "list mails of "+s.f.folder, func() error {
		answer := s.client.Fetch(set, &imap.FetchOptions{UID: true, InternalDate: true, RFC822Size: true})
		defer answer.Close()
		for msg := answer.Next(); msg != nil; msg = answer.Next() {
			data, err := msg.Collect()
			if err != nil {
				return err
			}
			h := head{uid: data.UID, received: data.InternalDate, size: data.RFC822Size}
			if h.received.IsZero() { // a server without dates
				h.received = time.Now()
			}
			heads = append(heads, h)
		}
		return answer.Close()
	})
	slices.SortFunc(heads, func(a, b head) int { return cmp.Compare(a.uid, b.uid) })
	return heads, err
}

// fetch returns the texts of mails, each as far as MaxBytes. Those that the server left out are missing: they may
// have been deleted since they were listed.
func (s *session) fetch(ctx context.Context, heads []head) (texts map[imap.UID][]byte, err error) {
	texts = make(map[imap.UID][]byte, len(heads))
	section := &imap.FetchItemBodySection{Peek: true, Partial: &imap.SectionPartial{Size: s.conf.MaxBytes}}
	err = s.within(ctx, fetchTimeout, "fetch mails of "+s.f.folder, func() error {
		answer := s.client.Fetch(uidsOf(heads), &imap.FetchOptions{UID: true, BodySection: []*imap.FetchItemBodySection{section}})
		defer answer.Close()
		for msg := answer.Next(); msg != nil; msg = answer.Next() {
			uid, text, err := s.text(msg)
			if err != nil {
				return err
			}
			if len(text) > 0 {
				texts[uid] = text
			}
		}
		return answer.Close()
	})
	return texts, err
}

// text reads one mail of a FETCH answer.
func (s *session) text(msg *imapclient.FetchMessageData) (uid imap.UID, text []byte, err error) {
	for item := msg.Next(); item != nil; item = msg.Next() {
		switch item := item.(type) {
		case imapclient.FetchItemDataUID:
			uid = item.UID
		case imapclient.FetchItemDataBodySection:
			if item.Literal == nil {
				continue
			}
			if text, err = s.literal(item.Literal); err != nil {
				return uid, nil, err
			}
		}
	}
	return uid, text, nil
}

// literal reads a text up to MaxBytes, whatever length the server announces; the client throws the rest away.
func (s *session) literal(lit imap.LiteralReader) ([]byte, error) {
	text := make([]byte, min(lit.Size(), s.conf.MaxBytes))
	if _, err := io.ReadFull(lit, text); err != nil {
		// The client reads the literal once more when the answer is dropped; its reading goroutine,
		// which works on the same buffer, must have ended by then.
		s.conn.Close()
		<-s.client.Closed()
		return nil, errCut
	}
	return text, nil
}
