package alerts

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/emersion/go-imap/v2"

	"ronde/store"
)

// fileAgain is how long a mail is left where it is that the server refused to mark or to move.
const fileAgain = time.Hour

// files tells whether mails are marked or moved once they are stored.
func (c MailboxConfig) files() bool { return c.MarkSeen || c.MoveTo != "" }

// file marks and moves the mails that are stored and not filed yet, whichever connection took them. What a person
// deleted or moved meanwhile is filed.
func (s *session) file(ctx context.Context) error {
	for s.conf.files() {
		waiting, err := s.f.Inbox.Unfiled(ctx, s.f.folder, s.cursor.UIDValidity, batchMails)
		if err != nil || len(waiting) == 0 {
			return err
		}
		if err := s.fileSome(ctx, waiting); err != nil {
			return err
		}
	}
	return nil
}

// fileSome files mails together, and one by one when the server refuses that.
func (s *session) fileSome(ctx context.Context, mails []store.Filing) error {
	err := s.markAndMove(ctx, mails)
	switch {
	case err == nil:
		return s.f.Inbox.Filed(ctx, s.f.folder, mails)
	case !refused(err):
		return err
	case len(mails) == 1:
		return s.fileLater(ctx, mails[0], err)
	}
	for one := range slices.Chunk(mails, 1) {
		if err := s.fileSome(ctx, one); err != nil {
			return err
		}
	}
	return nil
}

// fileLater leaves a refused mail alone for a while. The log is told the first time.
func (s *session) fileLater(ctx context.Context, mail store.Filing, refusal error) error {
	level := slog.LevelWarn
	if mail.Again {
		level = slog.LevelDebug
	}
	s.f.logger().Log(ctx, level, "a mail stays as it is on the server; it is stored here, and tried again each hour",
		"folder", s.f.folder, "uid", mail.UID, "error", s.f.tellable(refusal))
	return s.f.Inbox.FileLater(ctx, s.f.folder, []store.Filing{mail}, time.Now().Add(fileAgain))
}

func (s *session) markAndMove(ctx context.Context, mails []store.Filing) error {
	if s.conf.MarkSeen {
		if err := s.flag(ctx, numbers(mails), imap.FlagSeen); err != nil {
			return err
		}
	}
	switch {
	case s.conf.MoveTo == "":
		return nil
	case s.caps.Has(imap.CapMove):
		return s.intoTarget(ctx, func() error {
			_, err := s.client.Move(numbers(mails), s.conf.MoveTo).Wait()
			return err
		})
	case s.caps.Has(imap.CapUIDPlus):
		return s.moveByCopy(ctx, mails)
	}
	if !s.f.toldNoMove {
		s.f.toldNoMove = true
		s.f.logger().Warn("mails stay where they are: the mail server has neither MOVE nor UIDPLUS, without which moving some could delete others",
			"folder", s.f.folder, "move_to", s.conf.MoveTo)
	}
	return nil
}

func numbers(mails []store.Filing) (set imap.UIDSet) {
	for _, m := range mails {
		set.AddNum(imap.UID(m.UID))
	}
	return set
}

func (s *session) flag(ctx context.Context, set imap.UIDSet, flag imap.Flag) error {
	return s.within(ctx, listTimeout, "mark mails of "+s.f.folder, func() error {
		return s.client.Store(set, &imap.StoreFlags{Op: imap.StoreFlagsAdd, Silent: true, Flags: []imap.Flag{flag}}, nil).Close()
	})
}

// intoTarget moves or copies mails into the folder for them, which is made when it is missing.
func (s *session) intoTarget(ctx context.Context, move func() error) error {
	doing := "move mails of " + s.f.folder + " to " + s.conf.MoveTo
	err := s.within(ctx, listTimeout, doing, move)
	if !refused(err) {
		return err
	}
	exists, lost := s.exists(ctx, s.conf.MoveTo)
	if lost != nil {
		return lost
	}
	if exists {
		return err
	}
	if err := s.makeTarget(ctx); err != nil {
		return err
	}
	return s.within(ctx, listTimeout, doing, move)
}

func (s *session) makeTarget(ctx context.Context) error {
	err := s.within(ctx, commandTimeout, "make the folder "+s.conf.MoveTo, func() error { return s.client.Create(s.conf.MoveTo, nil).Wait() })
	if err != nil {
		return err
	}
	s.f.logger().Info("the folder for mails that were read is made", "move_to", s.conf.MoveTo)
	// Mail programs list what is subscribed to. Without it the folder works as well.
	err = s.within(ctx, commandTimeout, "subscribe to "+s.conf.MoveTo, func() error { return s.client.Subscribe(s.conf.MoveTo).Wait() })
	if refused(err) {
		return nil
	}
	return err
}

// moveByCopy moves mails on a server without MOVE. UID EXPUNGE takes away these alone; a bare EXPUNGE would also do
// so with what people have marked as deleted.
func (s *session) moveByCopy(ctx context.Context, mails []store.Filing) error {
	if len(mails) > 1 {
		return errOneByOne // a copy must not be made twice because of another mail
	}
	copied, err := s.copied(ctx, mails[0])
	if err == nil && !copied {
		err = s.intoTarget(ctx, func() error {
			_, err := s.client.Copy(numbers(mails), s.conf.MoveTo).Wait()
			return err
		})
	}
	if err != nil {
		return err
	}
	if err := s.flag(ctx, numbers(mails), imap.FlagDeleted); err != nil {
		return err
	}
	return s.within(ctx, listTimeout, "expunge mails of "+s.f.folder, func() error { return s.client.UIDExpunge(numbers(mails)).Close() })
}

// errOneByOne makes fileSome file mails one by one.
var errOneByOne = &imap.Error{Type: imap.StatusResponseTypeNo, Text: "one by one"}

// copied tells whether the target holds a mail already: the connection that copied it may have ended before the
// original was taken away, or the server refused to do so. No mail that this connection tries first can be such.
func (s *session) copied(ctx context.Context, mail store.Filing) (bool, error) {
	if mail.UID > s.leftover && !mail.Again {
		return false, nil
	}
	heads, err := s.list(ctx, imap.UIDSetNum(imap.UID(mail.UID)))
	if err != nil || len(heads) == 0 {
		return len(heads) == 0, err // nothing is there to be copied
	}
	exists, err := s.exists(ctx, s.conf.MoveTo)
	if err != nil || !exists {
		return false, err
	}
	if err := s.turnTo(ctx, s.conf.MoveTo, true); err != nil {
		return false, err
	}
	found, err := s.holds(ctx, heads[0], mail.Hash)
	if back := s.turnTo(ctx, s.f.folder, false); back != nil {
		return false, back
	}
	s.look() // what came meanwhile was not announced
	return found, err
}

// turnTo opens a folder for some commands.
func (s *session) turnTo(ctx context.Context, folder string, readOnly bool) error {
	return s.within(ctx, commandTimeout, "open "+folder, func() error {
		opened, err := s.client.Select(folder, &imap.SelectOptions{ReadOnly: readOnly}).Wait()
		if err == nil && folder == s.f.folder && opened.UIDValidity != s.cursor.UIDValidity {
			err = errors.New("it was renumbered just now")
		}
		return err
	})
}

// holds tells whether the folder that is open holds a mail with that date, size and text.
func (s *session) holds(ctx context.Context, mail head, hash string) (bool, error) {
	alike, err := s.search(ctx, &imap.SearchCriteria{Larger: mail.size - 1, Smaller: mail.size + 1})
	if err != nil || len(alike) == 0 {
		return false, err
	}
	heads, err := s.list(ctx, uidsOf(alike))
	if err != nil {
		return false, err
	}
	for _, h := range heads {
		if !h.received.Equal(mail.received) {
			continue
		}
		texts, err := s.fetch(ctx, []head{h})
		if err != nil || s.f.hash(texts[h.uid]) == hash {
			return err == nil, err
		}
	}
	return false, nil
}
