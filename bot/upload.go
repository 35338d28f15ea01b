package bot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/crypto/attachment"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"ronde/cards"
)

// uploadTime bounds an upload: nothing else is sent meanwhile.
const uploadTime = 10 * time.Second

// uploaded is where a picture is: at url, or encrypted as file says. It is a part of the
// content of the message that shows it.
type uploaded struct {
	URL  string                   `json:"url,omitempty"`
	File *event.EncryptedFileInfo `json:"file,omitempty"`
}

// Upload gives the homeserver a picture for a room, encrypted if the room is, and returns
// where it is then, for [Bot.Send]. Its errors are those of [cards.Sender].
func (b *Bot) Upload(ctx context.Context, room string, image cards.Image) (string, error) {
	encrypted, err := b.rooms.sendable(id.RoomID(room))
	if err != nil {
		return "", err
	}
	var where uploaded
	data, kind := image.Bytes, image.Type
	if encrypted {
		file := attachment.NewEncryptedFile()
		data, kind = slices.Clone(data), "application/octet-stream"
		file.EncryptInPlace(data)
		where.File = &event.EncryptedFileInfo{EncryptedFile: *file}
	}
	uri, err := b.putMedia(ctx, data, kind)
	if err != nil {
		return "", fmt.Errorf("upload a picture for %s: %w", room, err)
	}
	if encrypted {
		where.File.URL = uri
	} else {
		where.URL = string(uri)
	}
	said, err := json.Marshal(where)
	return string(said), err
}

// putMedia uploads without a file name, which would be in clear.
func (b *Bot) putMedia(ctx context.Context, data []byte, kind string) (id.ContentURIString, error) {
	ctx, cancel := context.WithTimeout(ctx, uploadTime)
	defer cancel()
	resp, err := b.cli.UploadMedia(ctx, mautrix.ReqUploadMedia{ContentBytes: data, ContentType: kind})
	if err != nil {
		b.noticeLogout(err)
		return "", sendError(err)
	}
	if resp == nil || resp.ContentURI.IsEmpty() {
		return "", errors.New("the homeserver's answer names no picture")
	}
	return resp.ContentURI.CUString(), nil
}

// fitImage leaves the picture of a message out that does not suit the room: one that was
// uploaded in clear before the room was encrypted.
func fitImage(out cards.Outgoing, encrypted bool) cards.Outgoing {
	if out.Message == nil || out.Message.Image == nil {
		return out
	}
	var where uploaded
	if err := json.Unmarshal([]byte(out.Message.Image.Uploaded), &where); err == nil && (where.File != nil) == encrypted {
		return out
	}
	without := *out.Message
	without.Image = nil
	out.Message = &without
	return out
}

// addImage makes a picture of a message, with the words below it.
func addImage(content map[string]any, image *cards.Image) {
	if image == nil || json.Unmarshal([]byte(image.Uploaded), &content) != nil {
		return
	}
	content["msgtype"] = event.MsgImage
	content["filename"] = image.Name
	content["info"] = map[string]any{"mimetype": image.Type, "w": image.Width, "h": image.Height, "size": image.Size}
}
