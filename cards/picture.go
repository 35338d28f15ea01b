package cards

import (
	"context"
	"errors"
	"time"

	"ronde/store"
)

// Image is a picture that a message shows. The message's words stand alone: they are what
// is shown where the picture is not.
type Image struct {
	Name   string `json:"name"` // as of a file: "antigone-cpu-24h.png"
	Type   string `json:"type"` // "image/png"
	Width  int    `json:"width"`
	Height int    `json:"height"`
	Size   int    `json:"size"` // in bytes; set by the outbox
	// Bytes are the picture, while it has to be uploaded.
	Bytes []byte `json:"-"`
	// Uploaded is what [Homeserver.Upload] returned, when the message is sent.
	Uploaded string `json:"-"`
}

const (
	// uploadPatience is how long an upload may fail before its message goes without it:
	// whoever asked for a picture has waited long enough.
	uploadPatience = 2 * time.Minute
	uploadPause    = 20 * time.Second
)

// addParcel puts a message into the outbox, with its picture.
func addParcel(tx *store.Tx, p store.Parcel, m Message) (err error) {
	if m.Image != nil {
		image := *m.Image
		image.Size = len(image.Bytes)
		m.Image = &image
	}
	if p.Message, err = encode(m); err != nil {
		return err
	}
	if err := tx.AddParcel(p); err != nil || m.Image == nil {
		return err
	}
	return tx.AddImage(p.Txn, m.Image.Bytes)
}

// upload hands the picture of a parcel over to the homeserver, unless that has happened.
// It says whether the parcel can be sent now: with it, or without because there is no
// way. An upload that fails holds up nothing but its own message. One whose answer is
// lost, also by a crash, is made again; what it left on the homeserver nobody ever sees.
func (o *Outbox) upload(ctx context.Context, it *item) (ready bool, err error) {
	image, err := o.imageOf(ctx, it.parcel)
	if err != nil || image == nil {
		return err == nil, err
	}
	room, _ := o.homeserver.RoomID(it.room)
	uploaded, trouble := o.homeserver.Upload(ctx, room, *image)
	switch {
	case trouble == nil:
		return true, o.store.Update(context.WithoutCancel(ctx), func(tx *store.Tx) error { return tx.ImageUploaded(it.txn, uploaded) })
	case ctx.Err() != nil:
		return false, ctx.Err()
	case !o.isHopeless(it, trouble):
		return false, nil
	}
	o.log.WarnContext(ctx, "a picture cannot be uploaded, so its message goes out without it", "txn", it.txn, "err", trouble)
	return true, o.store.Update(ctx, func(tx *store.Tx) error { return tx.DropImage(it.txn) })
}

// imageOf reads the picture of a parcel that is to be uploaded; nil when there is none.
func (o *Outbox) imageOf(ctx context.Context, p store.Parcel) (image *Image, err error) {
	err = o.store.View(ctx, func(tx *store.Tx) error {
		bytes, uploaded, known, err := tx.Image(p.Txn)
		m, broken := decode(p.Message)
		if err != nil || broken != nil || !known || uploaded != "" || m.Image == nil {
			return err
		}
		image = m.Image
		image.Bytes = bytes
		return nil
	})
	return image, err
}

// isHopeless tells whether to give an upload up, and else puts its message off.
func (o *Outbox) isHopeless(it *item, trouble error) bool {
	if _, refused := errors.AsType[*RefusedError](trouble); refused && !loggedOut(trouble) {
		return true
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	now := time.Now()
	setBack(o.items, it.txn, now, uploadPause)
	if limited, ok := errors.AsType[*RateLimitError](trouble); ok {
		o.items[it.txn].until = now.Add(limited.After)
	}
	return !errors.Is(trouble, ErrNotSent) && now.Sub(o.items[it.txn].since) > uploadPatience
}

// placeImage fills in where the picture of a message is that goes out; a message whose
// picture was given up goes without.
func placeImage(tx *store.Tx, txn string, m *Message) error {
	if m.Image == nil {
		return nil
	}
	_, uploaded, known, err := tx.Image(txn)
	m.Image.Uploaded = uploaded
	if !known || uploaded == "" {
		m.Image = nil
	}
	return err
}
