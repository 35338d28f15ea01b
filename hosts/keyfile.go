package hosts

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"strings"
	"syscall"

	"golang.org/x/crypto/ssh"
)

// largestKey is the longest file read for a key, in bytes.
const largestKey = 64 << 10

// CheckKeyFile returns a [*KeyFileError] when a file holds no private key that the bot can
// use, or when others may read it; otherwise nil.
func CheckKeyFile(file string) error {
	_, err := readKey(file)
	return err
}

// readKey reads a private key in the form of OpenSSH or PEM.
func readKey(file string) (ssh.Signer, error) {
	wrong := func(reason string) (ssh.Signer, error) { return nil, &KeyFileError{file, reason} }
	doc, info, err := readRegular(file)
	var locked *ssh.PassphraseMissingError
	switch {
	case err != nil:
		return wrong(err.Error())
	case readableByOthers(info):
		return wrong("may be read by others: chmod 600 it, or 640 where it is root's")
	case looksPublic(doc):
		return wrong("holds the public key; the private one is in the file without .pub")
	}
	signer, err := ssh.ParsePrivateKey(doc)
	switch {
	case errors.As(err, &locked):
		return wrong("has a passphrase, which nobody could type when the bot starts: make a key without one")
	case err != nil:
		return wrong("holds no private key as ssh-keygen makes it")
	}
	return signer, nil
}

// readRegular reads a small file. Its error continues a sentence about the file. A pipe is
// never opened: it could block for ever.
func readRegular(file string) ([]byte, fs.FileInfo, error) {
	info, err := os.Stat(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil, errors.New("does not exist")
	case err != nil:
		return nil, nil, errors.New("cannot be read")
	case !info.Mode().IsRegular():
		return nil, nil, errors.New("is not a regular file")
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, nil, errors.New("may not be read by this user")
	}
	defer f.Close()
	doc, err := io.ReadAll(io.LimitReader(f, largestKey))
	if err != nil {
		return nil, nil, errors.New("cannot be read")
	}
	return doc, info, nil
}

// readableByOthers tells whether somebody but the bot and root may read a file. A group
// may where root gave it, which is how /etc lends a secret to a service.
func readableByOthers(info fs.FileInfo) bool {
	if info.Mode().Perm()&0o007 != 0 {
		return true
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	isRoots := ok && stat.Uid == 0
	return info.Mode().Perm()&0o070 != 0 && !isRoots
}

func looksPublic(doc []byte) bool {
	_, _, _, _, err := ssh.ParseAuthorizedKey(doc)
	return err == nil && !strings.Contains(string(doc), "PRIVATE KEY")
}

// Errors of [PublicKey]. None shows anything of what was given.
var (
	ErrPrivateKey  = errors.New("that is a PRIVATE key, which must never leave the bot's server: give its .pub")
	ErrNoPublicKey = errors.New("that is not one public key as in a .pub file: ssh-ed25519 AAAA… comment")
	ErrWeakKey     = errors.New("that is a kind of key that the bot does not use: make one with ssh-keygen -t ed25519")
)

// PublicKey reads the text of a .pub file, or of one line of it, and returns its type and
// key without the comment: "ssh-ed25519 AAAA…". Errors: [ErrPrivateKey],
// [ErrNoPublicKey] or [ErrWeakKey].
func PublicKey(text string) (string, error) {
	if strings.Contains(text, "PRIVATE KEY") {
		return "", ErrPrivateKey
	}
	text = strings.TrimSpace(text)
	key, _, options, rest, err := ssh.ParseAuthorizedKey([]byte(text))
	if err != nil || len(options) > 0 || len(rest) > 0 || strings.ContainsAny(text, "\r\n") {
		return "", ErrNoPublicKey
	}
	switch key.Type() {
	case ssh.KeyAlgoED25519, ssh.KeyAlgoRSA, ssh.KeyAlgoECDSA256, ssh.KeyAlgoECDSA384, ssh.KeyAlgoECDSA521:
		return strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key))), nil
	}
	return "", ErrWeakKey
}
