package config

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
)

// maxSecret is the longest file read for a secret, in bytes.
const maxSecret = 64 << 10

// secret reads the setting NAME_file or NAME_env: a secret in a file of its own,
// without its line end, or in the environment. Both missing is no mistake here.
func (s *section) secret(name string, scope Scope) string {
	file := s.text(name+"_file", "", `"/etc/ronde/`+name+`"`)
	env := s.text(name+"_env", "", `"RONDE_`+strings.ToUpper(name)+`"`)
	switch {
	case s.has(name+"_file") && s.has(name+"_env"):
		s.wrong(name+"_env", fmt.Sprintf("%[1]s_file says already where it is; keep one of %[1]s_file and %[1]s_env", name))
	case s.has(name+"_file") && file != "":
		return s.fromFile(name+"_file", file, scope)
	case s.has(name+"_env") && env != "":
		return s.fromEnv(name+"_env", env, scope)
	case s.has(name+"_file") && s.table.values[name+"_file"].kind == words:
		s.wrong(name+"_file", "is empty; name a file, or leave it out")
	case s.has(name+"_env") && s.table.values[name+"_env"].kind == words:
		s.wrong(name+"_env", "is empty; name an environment variable, or leave it out")
	}
	return ""
}

// fromFile reads a secret of one line. Mistakes do not repeat the name of the
// file: some people write the secret itself there.
func (s *section) fromFile(name, file string, scope Scope) string {
	doc, err := readRegular(s.path(file), maxSecret)
	secret := strings.TrimRight(string(doc), "\r\n")
	switch {
	case err != nil:
		s.noteFor(scope, s.at(name), s.key(name), "the file that it names "+err.Error()+s.whereFrom(file))
	case secret == "":
		s.noteFor(scope, s.at(name), s.key(name), "the file that it names is empty")
	case strings.ContainsAny(secret, "\r\n"):
		s.noteFor(scope, s.at(name), s.key(name), "the file that it names has more than one line; it may hold nothing but the secret")
	default:
		return secret
	}
	return ""
}

var envName = regexp.MustCompile(`^[A-Z_][A-Z0-9_]*$`)

func (s *section) fromEnv(name, env string, scope Scope) string {
	if !envName.MatchString(env) {
		s.wrong(name, `is not the name of an environment variable; names are like "RONDE_PASSWORD", and the secret itself does not stand here`)
		return ""
	}
	secret, set := s.lookup(env)
	if !set || secret == "" {
		s.noteFor(scope, s.at(name), s.key(name), "the environment variable that it names is not set")
	}
	return secret
}

// file reads the name of a file that must be there and returns its path. It is no
// secret, but without it the bot could not work.
func (s *section) file(name string) string {
	file := s.text(name, "", `"/etc/ronde/`+strings.TrimSuffix(name, "_file")+`.pem"`)
	if file == "" {
		return ""
	}
	doc, err := readRegular(s.path(file), 1<<20)
	if err != nil {
		s.noteFor(Running, s.at(name), s.key(name), "the file that it names "+err.Error()+s.whereFrom(file))
		return s.path(file)
	}
	if s.files == nil {
		s.files = map[string][sha256.Size]byte{}
	}
	s.files[s.key(name)] = sha256.Sum256(doc)
	return s.path(file)
}

// whereFrom explains the meaning of a relative name.
func (s *section) whereFrom(file string) string {
	if s.path(file) == file {
		return ""
	}
	return " (a name without a leading / starts at the folder of this file)"
}

// readRegular reads a file of at most limit bytes. Its error continues a sentence
// about the file and does not name it. Pipes and devices are refused before they
// are opened, since they could block for ever.
func readRegular(path string, limit int64) ([]byte, error) {
	if info, err := os.Stat(path); err != nil {
		return nil, reason(err)
	} else if !info.Mode().IsRegular() {
		return nil, errors.New("is not a regular file")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, reason(err)
	}
	defer f.Close()
	doc, err := io.ReadAll(io.LimitReader(f, limit+1))
	switch {
	case err != nil:
		return nil, reason(err)
	case int64(len(doc)) > limit:
		return nil, fmt.Errorf("is longer than %d bytes", limit)
	}
	return doc, nil
}

// reason is why a file cannot be read, without its name.
func reason(err error) error {
	switch {
	case errors.Is(err, os.ErrNotExist):
		return errors.New("does not exist")
	case errors.Is(err, os.ErrPermission):
		return errors.New("may not be read by this user")
	}
	return errors.New("cannot be read")
}
