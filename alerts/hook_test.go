package alerts

import (
	"encoding/json"
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// hookFiles returns the bodies under testdata/hooks, whose folder is the kind of the
// webhook and whose ending says their Content-Type.
func hookFiles(tb testing.TB) []string {
	tb.Helper()
	files, err := filepath.Glob("testdata/hooks/*/*")
	files = slices.DeleteFunc(files, func(name string) bool { return strings.HasSuffix(name, ".golden") })
	if err != nil || len(files) < 20 {
		tb.Fatalf("%d bodies: %v", len(files), err)
	}
	return files
}

func contentType(file string) string {
	return map[string]string{
		".json": "application/json", ".form": "application/x-www-form-urlencoded", ".multipart": `multipart/form-data; boundary="XX"`,
	}[filepath.Ext(file)]
}

// TestReadHookGolden compares what is understood of each body with the .golden file
// beside it.
func TestReadHookGolden(t *testing.T) {
	update := flag.Lookup("update").Value.String() == "true"
	for _, file := range hookFiles(t) {
		t.Run(strings.TrimPrefix(file, "testdata/hooks/"), func(t *testing.T) {
			readings, understood := ReadHook(Kind(filepath.Base(filepath.Dir(file))), contentType(file), readFile(t, file))
			var out strings.Builder
			enc := json.NewEncoder(&out)
			enc.SetEscapeHTML(false)
			enc.SetIndent("", "\t")
			for _, r := range readings {
				err := enc.Encode(struct {
					Understood bool
					Reading
					Lines string
				}{understood, r, r.FirstLines(8)})
				if err != nil {
					t.Fatal(err)
				}
			}
			if update {
				if err := os.WriteFile(file+".golden", []byte(out.String()), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(string(readFile(t, file+".golden")), out.String()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestAWebhookAndItsMailAreTwins: both name the same thing the same way, and give the
// same reason.
func TestAWebhookAndItsMailAreTwins(t *testing.T) {
	for hook, mail := range map[string]string{
		"kuma/v1.23-down.json":               "uptime-kuma/01-v1-down-default",
		"kuma/v2.5-down.json":                "uptime-kuma/10-v2-down-custom-html-body",
		"kuma/v2.5-push-down.json":           "own/kuma-push-down",
		"healthchecks/json-placeholder.json": "healthchecks/v4.3-down-timeout-cron",
		"diun/v4.33-update.json":             "diun/v4.33-update",
	} {
		kind := Kind(filepath.Dir(hook))
		readings, _ := ReadHook(kind, contentType(hook), readFile(t, "testdata/hooks/"+hook))
		m := Read(readFile(t, "testdata/mails/"+mail+".eml"), Trust{})
		r := readings[0]
		if r.Kind != m.Kind || r.State != m.State || r.Thing != m.Thing || r.Fault != m.Fault && kind != Healthchecks {
			t.Errorf("%s: %s %s %q %q\n%s: %s %s %q %q", hook, r.Kind, r.State, r.Thing, r.Fault, mail, m.Kind, m.State, m.Thing, m.Fault)
		}
	}
}

func TestReadKumaMessage(t *testing.T) {
	for _, tt := range []struct{ body, want string }{
		{"[Nuage (Nextcloud)] [🔴 Down] Request failed with status code 502", "firing Nuage (Nextcloud): Request failed with status code 502"},
		{"[Nuage] [✅ Up] 200 - OK", "resolved Nuage: 200 - OK"},
		{"[Nuage] [🔴 Down] a\nb", "firing Nuage: a b"},
		{"[[prod] Nuage] [🔴 Down] 502", "firing [prod] Nuage: 502"},
		{"[Site] [🔴 Down] keyword is not in [x] [✅ Up] y", "firing Site: keyword is not in [x] [✅ Up] y"},
		{"[Nuage][https://x] server certificate x will expire in 7 days", "firing x (server certificate): will expire in 7 days: Nuage"},
		{"Bot équipe Testing", ""},
		{"!fait sauvegardes", ""},
		{"", ""},
		{"\n", ""},
	} {
		r, ok := ReadKumaMessage(tt.body)
		got := ""
		if ok {
			got = string(r.State) + " " + r.Thing + ": " + r.Fault
		}
		if got != tt.want {
			t.Errorf("%q: %q, want %q", tt.body, got, tt.want)
		}
	}
}

// FuzzReadHook: whatever a sender posts, each reading keeps what readings promise.
func FuzzReadHook(f *testing.F) {
	for _, file := range hookFiles(f) {
		f.Add(filepath.Base(filepath.Dir(file)), contentType(file), readFile(f, file))
	}
	f.Fuzz(func(t *testing.T, kind, contentType string, raw []byte) {
		readings, understood := ReadHook(Kind(kind), contentType, raw)
		if len(readings) == 0 || !understood && (len(readings) > 1 || readings[0].State != Note) {
			t.Errorf("understood %v: %+v", understood, readings)
		}
		for _, r := range readings {
			known := r.Kind == Plain && !understood || slices.Contains(HookKinds(), Kind(kind)) && (r.Kind == Kind(kind) || r.Kind == KumaExpiry && kind == string(Kuma))
			if !known || !r.Verified || r.State != Note && r.Thing == "" {
				t.Errorf("%+v", r)
			}
			r.Kind, r.Hash = Plain, strings.Repeat("0", 64)
			checkPromises(t, r)
			r.FirstLines(8)
		}
		if r, ok := ReadKumaMessage(string(raw)); ok {
			r.Hash = strings.Repeat("0", 64)
			checkPromises(t, r)
		}
	})
}

func TestEveryHookFormatIsListed(t *testing.T) {
	files, err := filepath.Glob("*_hook.go")
	if err != nil || len(files) == 0 {
		t.Fatal(err)
	}
	list := string(readFile(t, "hook.go"))
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok || len(spec.Values) != 1 {
				return true
			}
			if lit, ok := spec.Values[0].(*ast.CompositeLit); ok {
				if of, ok := lit.Type.(*ast.Ident); ok && of.Name == "HookFormat" && !strings.Contains(list, "\t"+spec.Names[0].Name+",\n") {
					t.Errorf("add this line to HookFormats in hook.go:\n\t%s,", spec.Names[0].Name)
				}
			}
			return true
		})
	}
}
