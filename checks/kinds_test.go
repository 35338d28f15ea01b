package checks

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// A check is written as a function that returns its Kind; one that nobody lists
// would never run.
func TestEveryKindIsListed(t *testing.T) {
	list, err := os.ReadFile("kinds.go")
	if err != nil {
		t.Fatal(err)
	}
	files, _ := filepath.Glob("*.go")
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") || file == "kinds.go" {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range kindFuncs(parsed) {
			if !regexp.MustCompile(`(?m)^\t\t` + name + `\(\),$`).Match(list) {
				t.Errorf("%s: add this line to Kinds in checks/kinds.go:\n\t\t%s(),", file, name)
			}
		}
	}
}

// kindFuncs returns the functions of a file that return one Kind.
func kindFuncs(file *ast.File) (names []string) {
	for _, d := range file.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok || f.Recv != nil || f.Type.Results == nil || len(f.Type.Results.List) != 1 {
			continue
		}
		if id, ok := f.Type.Results.List[0].Type.(*ast.Ident); ok && id.Name == "Kind" {
			names = append(names, f.Name.Name)
		}
	}
	return names
}

func TestKindsAreFoundByName(t *testing.T) {
	for _, k := range Kinds() {
		if found, err := Find(k.Name); err != nil || found.Name != k.Name || (k.Measure == nil) == (k.MeasureOAuth == nil) {
			t.Errorf("Find(%q) = %+v, %v", k.Name, found, err)
		}
	}
	if _, err := Find("disk!"); err == nil || !strings.Contains(err.Error(), "containers") {
		t.Errorf("got %v, want an error that names the kinds", err)
	}
}
