package alerts

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
)

func TestEveryFormatIsListed(t *testing.T) {
	declared, listed := formatsInSource(t)
	if len(declared) < 7 {
		t.Fatalf("found only %v", declared)
	}
	for _, name := range declared {
		if !listed[name] {
			t.Errorf("add this line to Formats in formats.go:\n\t%s,", name)
		}
	}
}

func TestPlainIsLast(t *testing.T) {
	if last := Formats[len(Formats)-1]; last.Kind != Plain {
		t.Errorf("%s stands behind plain and is never tried", last.Kind)
	}
}

// formatsInSource returns the names of the package's variables that are a Format,
// and those in the list.
func formatsInSource(t *testing.T) (declared []string, listed map[string]bool) {
	t.Helper()
	listed = map[string]bool{}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range file.Decls {
			gen, ok := decl.(*ast.GenDecl)
			if !ok || gen.Tok != token.VAR {
				continue
			}
			for _, spec := range gen.Specs {
				declared = append(declared, formatNames(spec.(*ast.ValueSpec), listed)...)
			}
		}
	}
	return declared, listed
}

// formatNames returns the names that one declaration gives to a Format, and puts
// those of a list of them into listed.
func formatNames(spec *ast.ValueSpec, listed map[string]bool) []string {
	var names []string
	for i, value := range spec.Values {
		lit, ok := value.(*ast.CompositeLit)
		if !ok {
			continue
		}
		switch of := lit.Type.(type) {
		case *ast.Ident:
			if of.Name == "Format" {
				names = append(names, spec.Names[i].Name)
			}
		case *ast.ArrayType:
			if elem, ok := of.Elt.(*ast.Ident); ok && elem.Name == "Format" {
				for _, e := range lit.Elts {
					if id, ok := e.(*ast.Ident); ok {
						listed[id.Name] = true
					}
				}
			}
		}
	}
	return names
}
