package checks

import (
	"fmt"
	"io"
	"time"

	"ronde/text"
)

// Print writes a report for a terminal: the verdict, all findings, and the details. Its
// error is that of w.
func Print(w io.Writer, r Report) error {
	if own, ok := r.(printer); ok {
		return own.Print(w)
	}
	english, err := text.In("en")
	if err != nil {
		return err
	}
	o := OutcomeOf(r, english)
	if o.Error != "" {
		_, err := fmt.Fprintf(w, "%s: %s: %s\n", o.Host, o.Status, o.Error)
		return err
	}
	_, err = fmt.Fprintf(w, "%s: %s: %s\n", o.Host, o.Status, sayOutcome(english, o, time.Now()))
	for n := 1; n < len(o.Findings) && err == nil; n++ {
		more := o
		more.Findings = o.Findings[n : n+1]
		_, err = fmt.Fprintf(w, "%s: %s\n", o.Findings[n].Status, sayFinding(english, more, time.Now()))
	}
	if err == nil && o.Detail != "" {
		_, err = fmt.Fprintln(w, o.Detail)
	}
	return err
}

// OutcomeOf is what a report says, in a form that can be kept.
func OutcomeOf(r Report, l *text.Language) Outcome {
	o := Outcome{Result: r.Verdict()}
	if t, ok := r.(teller); ok {
		t.tell(&o, l)
	}
	return o
}
