package bot

import (
	"maunium.net/go/mautrix/event"

	"ronde/cards"
)

// cardField marks what the bot sends, so that an event that comes back is known
// even by a homeserver that forgot the transaction id.
const cardField = "org.ronde.card"

// contentOf returns the type and content of the event to send.
func contentOf(out cards.Outgoing) (event.Type, map[string]any) {
	switch {
	case out.Message == nil:
		return event.EventReaction, reactionContent(out)
	case out.Edits != "":
		return event.EventMessage, editContent(out)
	default:
		return event.EventMessage, newContent(out)
	}
}

func reactionContent(out cards.Outgoing) map[string]any {
	return map[string]any{
		"m.relates_to": map[string]any{"rel_type": "m.annotation", "event_id": out.Target, "key": out.Emoji},
		cardField:      map[string]any{"txn": out.TxnID},
	}
}

func newContent(out cards.Outgoing) map[string]any {
	content := messageContent(out)
	if relation := relationOf(out.Message); relation != nil {
		content["m.relates_to"] = relation
	}
	return content
}

// editContent wraps the new content. The mentions inside say who is named; those
// outside would ring, and an edit rings nobody.
func editContent(out cards.Outgoing) map[string]any {
	content := messageContent(out)
	content["m.new_content"] = messageContent(out)
	content["m.relates_to"] = map[string]any{"rel_type": "m.replace", "event_id": out.Edits}
	content["m.mentions"] = map[string]any{}
	content["body"] = "* " + out.Message.Plain
	if out.Message.HTML != "" {
		content["formatted_body"] = "* " + out.Message.HTML
	}
	return content
}

func messageContent(out cards.Outgoing) map[string]any {
	content := map[string]any{
		"msgtype":    event.MsgNotice,
		"body":       out.Message.Plain,
		"m.mentions": mentions(out.Message),
		cardField:    map[string]any{"txn": out.TxnID},
	}
	if out.Message.Rings {
		content["msgtype"] = event.MsgText
	}
	if out.Message.HTML != "" {
		content["format"] = event.FormatHTML
		content["formatted_body"] = out.Message.HTML
	}
	addImage(content, out.Message.Image)
	return content
}

// mentions is never nil: without m.mentions, clients look for names in the text.
func mentions(m *cards.Message) map[string]any {
	all := map[string]any{}
	if len(m.Mentions) > 0 {
		all["user_ids"] = m.Mentions
	}
	if m.MentionsRoom {
		all["room"] = true
	}
	return all
}

// relationOf returns the reply and thread of a message, nil if it has none. In a
// thread, clients without threads show a reply to the root.
func relationOf(m *cards.Message) map[string]any {
	if m.Thread == "" && m.ReplyTo == "" {
		return nil
	}
	relation := map[string]any{}
	target := m.ReplyTo
	if m.Thread != "" {
		relation["rel_type"], relation["event_id"] = "m.thread", m.Thread
		relation["is_falling_back"] = m.ReplyTo == ""
		if target == "" {
			target = m.Thread
		}
	}
	relation["m.in_reply_to"] = map[string]any{"event_id": target}
	return relation
}
