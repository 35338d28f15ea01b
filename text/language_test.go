package text

import (
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pelletier/go-toml/v2"
)

// messages returns the id of each sentence of a language, plural forms folded,
// with the placeholders that it uses.
func messages(t *testing.T, code string) map[string][]string {
	t.Helper()
	files, err := fs.Glob(catalogue, "catalogue/*."+code+".toml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no catalogue for %s: %v", code, err)
	}
	found := map[string][]string{}
	for _, file := range files {
		doc, err := catalogue.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var tree map[string]any
		if err := toml.Unmarshal(doc, &tree); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		collect(found, "", tree)
	}
	return found
}

var placeholder = regexp.MustCompile(`{{ *\.(\w+)`)

func collect(into map[string][]string, id string, node any) {
	switch node := node.(type) {
	case map[string]any:
		for key, child := range node {
			switch {
			case key == "one" || key == "other" || key == "many":
				collect(into, id, child)
			case id == "":
				collect(into, key, child)
			default:
				collect(into, id+"."+key, child)
			}
		}
	case string:
		names := into[id]
		for _, m := range placeholder.FindAllStringSubmatch(node, -1) {
			if !slices.Contains(names, m[1]) {
				names = append(names, m[1])
			}
		}
		slices.Sort(names)
		into[id] = names
	}
}

func TestBothLanguagesSayTheSame(t *testing.T) {
	french, english := messages(t, "fr"), messages(t, "en")
	for id, names := range french {
		other, ok := english[id]
		if !ok {
			t.Errorf("%s is in French only", id)
		} else if !slices.Equal(names, other) {
			t.Errorf("%s uses %v in French and %v in English", id, names, other)
		}
	}
	for id := range maps.Keys(english) {
		if _, ok := french[id]; !ok {
			t.Errorf("%s is in English only", id)
		}
	}
}

func TestASentenceThatIsMissingStillSaysWhatItWasGiven(t *testing.T) {
	l := speak(t, "fr")
	if got := l.Say("no.such.sentence", "Host", "antigone"); !strings.Contains(got, "antigone") {
		t.Errorf("Say of a missing sentence = %q, want the host's name in it", got)
	}
}

func TestDurationsReadAtAGlance(t *testing.T) {
	tests := []struct {
		d      time.Duration
		fr, en string
	}{
		{-time.Second, "0 s", "0 s"},
		{12 * time.Second, "12 s", "12 s"},
		{4*time.Minute + 59*time.Second, "4 min", "4 min"},
		{2*time.Hour + 5*time.Minute, "2 h 05", "2 h 05"},
		{76 * time.Hour, "3 j 4 h", "3 d 4 h"},
		{72 * time.Hour, "3 j", "3 d"},
		{24 * 45 * time.Hour, "45 j", "45 d"},
	}
	for _, tt := range tests {
		for code, want := range map[string]string{"fr": tt.fr, "en": tt.en} {
			if got := strings.ReplaceAll(speak(t, code).Duration(tt.d), "\u00a0", " "); got != want {
				t.Errorf("%s: Duration(%s) = %q, want %q", code, tt.d, got, want)
			}
		}
	}
}

func TestMomentsAreLocalAndShort(t *testing.T) {
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, paris)
	l := speak(t, "fr")
	if got := l.Clock(at, now); got != "09:00" {
		t.Errorf("Clock on the same day = %q, want 09:00", got)
	}
	if got := l.Clock(at, now.AddDate(0, 0, 1)); got != "lun. 23 nov. 09:00" {
		t.Errorf("Clock on another day = %q", got)
	}
	first := time.Date(2026, 3, 1, 9, 0, 0, 0, paris)
	if got := l.Moment(first) + ", " + speak(t, "en").Moment(first); got != "dim. 1er mars 09:00, Sun 1 Mar 09:00" {
		t.Errorf("the first of the month is %q", got)
	}
}

func TestWhateverIsWrittenIsEscaped(t *testing.T) {
	var m Message
	m.Bold("<b>@room</b>").Text(" & <script>\nnext").Line().Code("`x`").Pre("a<b\nc")
	want := "<strong>&lt;b&gt;@room&lt;/b&gt;</strong> &amp; &lt;script&gt;<br>next<br><code>`x`</code><pre><code>a&lt;b\nc</code></pre>"
	if got := m.HTML(); got != want {
		t.Errorf("HTML() = %s\nwant      %s", got, want)
	}
	if got, want := m.Plain(), "<b>@room</b> & <script>\nnext\n`x`\na<b\nc"; got != want {
		t.Errorf("Plain() = %q, want %q", got, want)
	}
}

func speak(t *testing.T, code string) *Language {
	t.Helper()
	l, err := In(code)
	if err != nil {
		t.Fatal(err)
	}
	return l
}
