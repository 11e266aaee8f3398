package aded

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/printer"
	"go/token"
	"os"
	"slices"
	"strings"
	"testing"
)

// The public API, as last agreed on: api.txt. After a change: ADED_API=write go test -run TestAPI ., then read the
// difference.
func TestAPI_ofPackage_isAsAgreed(t *testing.T) {
	got := api(t)
	if os.Getenv("ADED_API") == "write" {
		if err := os.WriteFile("api.txt", []byte(got), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	kept, err := os.ReadFile("api.txt")
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Split(string(kept), "\n\n")
	for _, declared := range strings.Split(got, "\n\n") {
		if !slices.Contains(want, declared) {
			t.Errorf("new, or changed:\n%s", declared)
		}
	}
	for _, declared := range want {
		if !slices.Contains(strings.Split(got, "\n\n"), declared) {
			t.Errorf("gone, or changed:\n%s", declared)
		}
	}
}

func TestAPI_ofPackage_showsNoGeneratedType(t *testing.T) {
	if strings.Contains(api(t), "adedv1") {
		t.Error("a generated type shows")
	}
}

// api is every exported declaration of the package, without comments, bodies and what is not exported.
func api(t *testing.T) string {
	t.Helper()
	files := token.NewFileSet()
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, entry := range entries {
		if !strings.HasSuffix(entry.Name(), ".go") || strings.HasSuffix(entry.Name(), "_test.go") {
			continue
		}
		file, err := parser.ParseFile(files, entry.Name(), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.FileExports(file)
		for _, declared := range file.Decls {
			switch declared := declared.(type) {
			case *ast.FuncDecl:
				declared.Body = nil
				all = append(all, printed(t, files, declared))
			case *ast.GenDecl:
				for _, spec := range declared.Specs {
					if _, isImport := spec.(*ast.ImportSpec); !isImport {
						all = append(all, declared.Tok.String()+" "+printed(t, files, spec))
					}
				}
			}
		}
	}
	slices.Sort(all)
	return strings.Join(all, "\n\n") + "\n"
}

func printed(t *testing.T, files *token.FileSet, node ast.Node) string {
	t.Helper()
	var text bytes.Buffer
	if err := (&printer.Config{Mode: printer.RawFormat}).Fprint(&text, files, node); err != nil {
		t.Fatal(err)
	}
	// Lines that comments stood in are blank.
	return strings.Join(slices.DeleteFunc(strings.Split(text.String(), "\n"), func(line string) bool {
		return strings.TrimSpace(line) == ""
	}), "\n")
}
