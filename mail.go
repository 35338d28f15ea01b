package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"ronde/alerts"
	"ronde/config"
)

type mailCommand struct {
	Read mailRead `cmd:"" help:"Say what the bot understands of mails: one JSON object for each, a line each."`
}

type mailRead struct {
	Files      []string `arg:"" name:"file" help:"Mails as files; - is standard input."`
	Config     string   `short:"c" help:"Whose trust and [[mail]] rules to follow. Without it only --authserv-id counts." placeholder:"FILE"`
	AuthServID string   `name:"authserv-id" help:"Trust the Authentication-Results of this mail server." placeholder:"NAME"`
}

// mailMost is how much of a mail is read, as from the mailbox.
const mailMost = 1 << 20

func (m mailRead) Run(s *streams) error {
	trust, rules := alerts.Trust{AuthServID: m.AuthServID}, []alerts.Rule(nil)
	if m.Config != "" {
		c, err := config.LoadOffline(m.Config)
		if err != nil {
			return err
		}
		trust, rules = c.Trust, c.MailRules
		if m.AuthServID != "" {
			trust.AuthServID = m.AuthServID
		}
	}
	enc := json.NewEncoder(s.out)
	enc.SetEscapeHTML(false)
	var unread error
	for _, file := range m.Files {
		raw, err := readMail(file)
		if err != nil {
			unread = errors.Join(unread, err)
			continue
		}
		line := struct {
			File string `json:"file"`
			alerts.Reading
		}{file, alerts.Read(raw, trust, rules...)}
		if err := enc.Encode(line); err != nil {
			return fmt.Errorf("print what %s says: %w", file, err)
		}
	}
	if unread != nil {
		return &codedError{exitInput, unread}
	}
	return nil
}

func readMail(file string) (raw []byte, err error) {
	in := io.ReadCloser(os.Stdin)
	if file != "-" {
		if in, err = os.Open(file); err != nil {
			return nil, fmt.Errorf("read a mail: %w", err)
		}
		defer func() { err = errors.Join(err, in.Close()) }()
	}
	raw, err = io.ReadAll(io.LimitReader(in, mailMost))
	if err != nil {
		return nil, fmt.Errorf("read a mail: %w", err)
	}
	return raw, nil
}
