package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/ssolab/ssolab/internal/labfile"
)

type initOptions struct {
	file    string
	force   bool
	minimal bool
	schema  bool
}

// schemaFile is how the JSON Schema is called beside a lab file.
const schemaFile = "ssolab.schema.json"

func newInitCmd(io streams) *cobra.Command {
	o := initOptions{file: "ssolab.yaml"}
	cmd := &cobra.Command{
		Use:   "init [FILE]",
		Short: "Write a commented lab file to start from",
		Long: `Write a lab file, ssolab.yaml unless FILE says otherwise, "-" for standard
output. It declares the default lab, with every other key as a comment; started
with it the lab is the same as without. A file that is there is not overwritten.

With --schema the JSON Schema of lab files is written beside it and named in its
first line: editors then complete keys and mark mistakes.`,
		Example: `  ssolab init
  ssolab init --schema && $EDITOR ssolab.yaml && ssolab up --config ssolab.yaml
  ssolab init --minimal lab.yaml`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				o.file = args[0]
			}
			return runInit(io, o)
		},
	}
	cmd.Flags().BoolVar(&o.force, "force", false, "overwrite a file that is there")
	cmd.Flags().BoolVar(&o.minimal, "minimal", false, "a few lines over the default lab")
	cmd.Flags().BoolVar(&o.schema, "schema", false, "write "+schemaFile+" beside it, for editors")
	return cmd
}

func runInit(io streams, o initOptions) error {
	text := labfile.Starter()
	if o.minimal {
		text = labfile.Minimal()
	}
	if o.schema {
		text = "# yaml-language-server: $schema=" + schemaFile + "\n" + text
	}
	if o.file == "-" {
		if o.schema {
			return misuse("", "--schema writes a file beside the lab file, and standard output has no place beside it")
		}
		return emit(io.Out, text)
	}
	if err := writeNew(o.file, []byte(text), o.force); err != nil {
		return err
	}
	if o.schema {
		schema, err := labfile.Schema()
		if err != nil {
			return misuse("", "%v", err)
		}
		if err := os.WriteFile(filepath.Join(filepath.Dir(o.file), schemaFile), schema, 0o644); err != nil {
			return misuse("", "%v", err)
		}
	}
	up := "ssolab up --config " + o.file
	return emit(io.Out, fmt.Sprintf("wrote %s\n  %s   starts it\n  %s   has the running lab read it again\n", o.file, up, pad("ssolab reload", len(up))))
}

// writeNew writes a file, and overwrites none unless it is told to.
func writeNew(path string, content []byte, force bool) error {
	flags := os.O_WRONLY | os.O_CREATE | os.O_EXCL
	if force {
		flags = os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	}
	f, err := os.OpenFile(path, flags, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return misuse("--force overwrites it; another name writes another file", "%s is there already", path)
	}
	if err == nil {
		_, err = f.Write(content)
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		return misuse("", "%v", err)
	}
	return nil
}
