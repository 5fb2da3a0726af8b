// Command gendocs writes the pages of docs/ that follow from the code: make docs. With -check it compares instead, for
// CI.
//
//	ssolab.NewCatalogue ─┬─► quirks.md, faults.md ◄─ the detection matrix
//	checks.All ──────────┼─► checks.md
//	fidelity.Ledgers ────┼─► fidelity.md
//	mockcognito ─────────┼─► user-pools-api.md
//	labfile.Keys, Schema ┼─► ssolab-yaml.md, ssolab.schema.json
//	report.Schema ───────┴─► report.schema.json
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"github.com/ssolab/ssolab"
	"github.com/ssolab/ssolab/conformance/checks"
	"github.com/ssolab/ssolab/conformance/report"
	"github.com/ssolab/ssolab/conformance/tenant"
	"github.com/ssolab/ssolab/internal/fidelity"
	"github.com/ssolab/ssolab/internal/labfile"
	"github.com/ssolab/ssolab/internal/matrix"
	"github.com/ssolab/ssolab/mockcognito"
)

func main() {
	dir := flag.String("dir", "docs", "folder of the pages")
	check := flag.Bool("check", false, "fail if a page is not what the code says")
	flag.Parse()
	if err := run(*dir, *check); err != nil {
		fmt.Fprintln(os.Stderr, "gendocs:", err)
		os.Exit(1)
	}
}

func run(dir string, check bool) error {
	catalogue, err := ssolab.NewCatalogue()
	if err != nil {
		return err
	}
	schema, err := report.Schema()
	if err != nil {
		return err
	}
	labSchema, err := labfile.Schema()
	if err != nil {
		return err
	}
	file, err := os.ReadFile(filepath.Join(filepath.Dir(dir), "conformance/checks/testdata/matrix.txt"))
	if err != nil {
		return err
	}
	m, err := matrix.Parse(file)
	if err != nil {
		return fmt.Errorf("the detection matrix: %w", err)
	}
	list := checks.All()
	var errs []error
	for _, page := range []struct {
		name    string
		content []byte
	}{
		{"quirks.md", quirksPage(catalogue)},
		{"faults.md", faultsPage(catalogue, list, m)},
		{"checks.md", checksPage(list, checks.Deviations(), tenant.Catalogue(), m)},
		{"fidelity.md", fidelityPage(fidelity.Ledgers())},
		{"user-pools-api.md", operationsPage(mockcognito.Operations())},
		{"ssolab-yaml.md", labFilePage(labfile.Keys())},
		{"ssolab.schema.json", labSchema},
		{"report.schema.json", schema},
	} {
		errs = append(errs, write(filepath.Join(dir, page.name), page.content, check))
	}
	return errors.Join(errs...)
}

// write writes a page, or compares it.
func write(path string, page []byte, check bool) error {
	if !check {
		return os.WriteFile(path, page, 0o644)
	}
	have, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if !bytes.Equal(have, page) {
		return errors.New(path + " is not what the code says; run: make docs")
	}
	return nil
}
