package hosts

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
)

// largestAnswer is how much of an answer of an engine is read, in bytes: a few kilobytes
// are usual, and in a list as much for each container.
const largestAnswer = 4 << 20

// errTooMuch says that an engine answers with more than that.
var errTooMuch = fmt.Errorf("the answer has more than %d bytes", largestAnswer)

// boundedAnswers fails when somebody reads more than largestAnswer of one.
type boundedAnswers struct{ http.RoundTripper }

// RoundTrip sends a request.
func (b boundedAnswers) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := b.RoundTripper.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	answer.Body = &atMost{answer.Body, largestAnswer}
	return answer, nil
}

// atMost is an answer of which so many bytes may still be read.
type atMost struct {
	io.ReadCloser
	left int
}

// Read reads on, or fails when it is too much.
func (a *atMost) Read(p []byte) (int, error) {
	n, err := a.ReadCloser.Read(p)
	if a.left -= n; a.left < 0 {
		return 0, errTooMuch
	}
	return n, err
}

// bounded keeps what is written to it, up to a size.
type bounded struct {
	most int
	full chan struct{} // closed when there was more

	mu   sync.Mutex
	kept bytes.Buffer
	once sync.Once
}

func newBounded(most int) *bounded { return &bounded{most: most, full: make(chan struct{})} }

// Write keeps p, or fails when it is too much.
func (b *bounded) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.kept.Len()+len(p) > b.most {
		b.once.Do(func() { close(b.full) })
		return 0, errTooLarge
	}
	return b.kept.Write(p)
}

// bytes returns what was written.
func (b *bounded) bytes() []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.kept.Bytes()
}

// ending keeps the last bytes of what is written to it. Only one goroutine may use it at
// a time.
type ending struct {
	most int
	kept []byte
}

// Write keeps the end of p.
func (e *ending) Write(p []byte) (int, error) {
	e.kept = append(e.kept, p...)
	if extra := len(e.kept) - e.most; extra > 0 {
		e.kept = append(e.kept[:0], e.kept[extra:]...)
	}
	return len(p), nil
}

// quoted returns what was kept, without anything that a terminal would obey.
func (e *ending) quoted() string { return strconv.Quote(string(bytes.TrimSpace(e.kept))) }
