package hosts

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// makeKey has ssh-keygen write a key.
func makeKey(t *testing.T, args ...string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "id")
	if out, err := exec.Command("ssh-keygen", append([]string{"-q", "-C", "me@home", "-f", file}, args...)...).CombinedOutput(); err != nil {
		if os.Getenv("RONDE_PEERS") == "required" {
			t.Fatalf("%v: %s", err, out)
		}
		t.Skipf("%v: %s", err, out)
	}
	return file
}

func TestOnlyAPrivateKeyOfOursIsUsed(t *testing.T) {
	good := makeKey(t, "-t", "ed25519", "-N", "")
	locked := makeKey(t, "-t", "ed25519", "-N", "hunter2 hunter2")
	open := makeKey(t, "-t", "ed25519", "-N", "")
	lent := makeKey(t, "-t", "ed25519", "-N", "")
	pipe, empty := filepath.Join(t.TempDir(), "pipe"), filepath.Join(t.TempDir(), "empty")
	if err := errors.Join(os.Chmod(open, 0o604), os.Chmod(lent, 0o640), syscall.Mkfifo(pipe, 0o600), os.WriteFile(empty, nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ file, want string }{
		{good, ""},
		{makeKey(t, "-t", "rsa", "-b", "2048", "-N", ""), ""},
		{makeKey(t, "-t", "ecdsa", "-N", ""), ""},
		{makeKey(t, "-t", "rsa", "-b", "2048", "-m", "PEM", "-N", ""), ""},
		{locked, "has a passphrase"}, {open, "may be read by others"}, {pipe, "is not a regular file"}, {filepath.Dir(good), "is not a regular file"},
		{empty, "holds no private key"}, {good + "x", "does not exist"},
	} {
		err := CheckKeyFile(tt.file)
		var wrong *KeyFileError
		if tt.want == "" && err != nil || tt.want != "" && (!errors.As(err, &wrong) || !strings.Contains(wrong.Reason, tt.want) || strings.Contains(err.Error(), "hunter2")) {
			t.Errorf("%s: %v, want %q", tt.file, err, tt.want)
		}
	}
	if err := os.Chmod(good+".pub", 0o600); err != nil {
		t.Fatal(err)
	}
	if err := CheckKeyFile(good + ".pub"); err == nil || !strings.Contains(err.Error(), "public key") {
		t.Errorf("a public key: %v", err)
	}
	if err := CheckKeyFile(lent); (err == nil) != (os.Geteuid() == 0) {
		t.Errorf("a key that root lends to a group is all right, another's is not: %v", err)
	}
}

func FuzzPublicKey(f *testing.F) {
	f.Add("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl me@home")
	f.Add("command=\"sh\" ssh-ed25519 AAAA")
	f.Add("-----BEGIN OPENSSH PRIVATE KEY-----")
	f.Fuzz(func(t *testing.T, text string) {
		key, err := PublicKey(text)
		if err == nil && (strings.ContainsAny(key, "\r\n\"") || len(strings.Fields(key)) != 2) {
			t.Errorf("%q gives %q, which is more than a key", text, key)
		}
	})
}
