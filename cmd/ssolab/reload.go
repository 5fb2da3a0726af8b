package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ssolab/ssolab"
	"github.com/ssolab/ssolab/internal/console"
	"github.com/ssolab/ssolab/internal/console/client"
)

type reloadOptions struct{ json bool }

func newReloadCmd(io streams) *cobra.Command {
	o := reloadOptions{}
	cmd := &cobra.Command{
		Use:   "reload",
		Short: "Have the running lab read its file again",
		Long: `Have the running lab read its lab file again and change what the file declares
differently: clients, providers, organizations, people, quirks, faults. Users,
sessions and tokens stay, and so does what the APIs made. A file with a mistake
changes nothing; all mistakes are printed. How the lab is reached and where it
keeps its data count at its next start.

A signal does the same: kill -HUP and the lab's process.`,
		Example: `  ssolab reload
  SSOLAB_CONSOLE_URL=http://localhost:9500 ssolab reload --json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runReload(cmd.Context(), io, o) },
	}
	cmd.Flags().BoolVar(&o.json, "json", false, `print {"changes":[{"op":…,"what":…}],"restart":[…]}`)
	return cmd
}

func runReload(ctx context.Context, io streams, o reloadOptions) error {
	lab, err := find(ctx, io)
	if none, ok := errors.AsType[*errNoLab](err); ok {
		return none.misuse()
	}
	done, err := lab.Reload(ctx)
	if refused, ok := errors.AsType[*client.Error](err); ok {
		if refused.Status == http.StatusNotFound {
			return misuse("", "the lab at %s is older than this command and cannot read its file again", lab.url)
		}
		return misuse(refused.Hint, "%s", refused.Message)
	}
	if err != nil {
		return misuse("", "ask the lab: %v", err)
	}
	if o.json {
		return printJSON(io.Out, done)
	}
	return emit(io.Out, reloadedText("reloaded", done, paletteFor(io.Out, io.Getenv)))
}

// reloadedText says what a reload has changed, a line each.
func reloadedText(title string, done ssolab.Reloaded, p palette) string {
	var b strings.Builder
	switch n := len(done.Changes); n {
	case 0:
		fmt.Fprintf(&b, "%s: nothing has changed\n", title)
	case 1:
		fmt.Fprintf(&b, "%s: 1 change\n", title)
	default:
		fmt.Fprintf(&b, "%s: %d changes\n", title, n)
	}
	for _, c := range done.Changes {
		switch c.Op {
		case console.Added:
			b.WriteString("  " + p.good("+ "+c.What) + "\n")
		case console.Removed:
			b.WriteString("  " + p.bad("- "+c.What) + "\n")
		default:
			b.WriteString("  ~ " + c.What + "\n")
		}
	}
	for _, key := range done.Restart {
		fmt.Fprintf(&b, "  %s counts at the next start\n", key)
	}
	return b.String()
}

// onHangup reads the lab's file again and says on standard error what came of it. A lab is not ended by a mistake in its file.
func onHangup(ctx context.Context, out io.Writer, getenv func(string) string, lab *ssolab.Lab, file string) {
	done, err := lab.ReloadSource(ctx)
	if err == nil {
		_, _ = io.WriteString(out, reloadedText("ssolab: "+file+" read again", done, paletteFor(out, getenv)))
		return
	}
	_, _ = fmt.Fprintf(out, "ssolab: %v\nhint: nothing was changed; the lab goes on as it was\n", badFile(file, err))
}
