package e2e

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/ssolab/ssolab/conformance"
)

// browserNames are looked for in PATH, in this order.
var browserNames = []string{
	"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "chrome-headless-shell",
	"headless-shell", "microsoft-edge", "brave-browser",
}

// FindBrowser returns the browser to drive: the one SSOLAB_BROWSER names, or the first known one in PATH. getenv and
// lookPath are os.Getenv and exec.LookPath.
func FindBrowser(getenv func(string) string, lookPath func(string) (string, error)) (string, error) {
	if named := getenv("SSOLAB_BROWSER"); named != "" {
		path, err := lookPath(named)
		if err != nil {
			return "", fmt.Errorf("SSOLAB_BROWSER is %q, which cannot be run: %w", named, err)
		}
		return path, nil
	}
	for _, name := range browserNames {
		if path, err := lookPath(name); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("no browser in PATH (looked for %s). Install one (Debian: apt-get install chromium; macOS: brew install --cask chromium) or set SSOLAB_BROWSER to a Chrome or Chromium", strings.Join(browserNames, ", "))
}

// BrowserOptions are how a Browser is started. The zero value finds a browser by FindBrowser.
type BrowserOptions struct {
	Path string // of the browser
	// Resolve says where hosts are that the machine does not resolve: host or host:port to an IP address or address:port,
	// as in a target file.
	Resolve map[string]string
	// TrustedKeys are base64 SHA-256 hashes of the public keys of CAs. A chain is trusted if the server sends a certificate
	// with such a key in it; what is wrong with any other chain stays an error.
	TrustedKeys []string
	// NoCookies are hosts whose cookies the person has blocked.
	NoCookies []string
	Visible   bool     // with a window, for a person to look at and to work with
	Flags     []string // further flags, without the leading dashes, "name" or "name=value"
}

// OptionsFor returns how a browser is started that finds a target's hosts (resolve) and trusts its CA (ca_file) as the
// target's own client does. The server must send the CA's certificate in its chain, or one that the file holds too.
func OptionsFor(target *conformance.Target) (BrowserOptions, error) {
	o := BrowserOptions{Resolve: target.Resolve}
	if target.CAFile == "" {
		return o, nil
	}
	certificates, err := os.ReadFile(target.CAFile)
	if err != nil {
		return o, fmt.Errorf("read ca_file: %w", err)
	}
	if o.TrustedKeys, err = KeysOf(certificates); err != nil {
		return o, fmt.Errorf("read ca_file %s: %w", target.CAFile, err)
	}
	return o, nil
}

// KeysOf are the hashes of the public keys of certificates in PEM, for BrowserOptions.TrustedKeys.
func KeysOf(certificates []byte) ([]string, error) {
	var out []string
	for {
		var block *pem.Block
		if block, certificates = pem.Decode(certificates); block == nil {
			return out, nil
		}
		if block.Type != "CERTIFICATE" {
			continue
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		sum := sha256.Sum256(cert.RawSubjectPublicKeyInfo)
		out = append(out, base64.StdEncoding.EncodeToString(sum[:]))
	}
}

// resolverRules is a map of hosts as Chrome's --host-resolver-rules has it.
func resolverRules(resolve map[string]string) string {
	var rules []string
	for _, host := range slices.Sorted(maps.Keys(resolve)) {
		to := resolve[host]
		if ip := net.ParseIP(to); ip != nil && ip.To4() == nil {
			to = "[" + to + "]"
		}
		rules = append(rules, "MAP "+host+" "+to)
	}
	return strings.Join(rules, ",")
}

// Browser is one headless browser process with a profile of its own, which is deleted with it.
type Browser struct {
	ctx     context.Context
	cancel  []context.CancelFunc
	profile string // directory to delete at the end; empty if the process has made its own
}

// StartBrowser starts a browser. It lives until Close; nothing it does outlives it.
func StartBrowser(o BrowserOptions) (*Browser, error) {
	path := o.Path
	if path == "" {
		var err error
		if path, err = FindBrowser(os.Getenv, exec.LookPath); err != nil {
			return nil, err
		}
	}
	b := &Browser{}
	options := append(o.allocator(), chromedp.ExecPath(path))
	if len(o.NoCookies) > 0 {
		dir, err := profileWithout(o.NoCookies)
		if err != nil {
			return nil, fmt.Errorf("make a profile: %w", err)
		}
		b.profile, options = dir, append(options, chromedp.UserDataDir(dir))
	}
	allocator, cancelAllocator := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, cancel := chromedp.NewContext(allocator)
	b.ctx, b.cancel = ctx, []context.CancelFunc{cancel, cancelAllocator}
	if err := chromedp.Do(ctx); err != nil {
		b.Close()
		return nil, fmt.Errorf("start %s: %w", path, err)
	}
	return b, nil
}

func (o BrowserOptions) allocator() []chromedp.ExecAllocatorOption {
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.DisableGPU, chromedp.WindowSize(1280, 800),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-quic", true),
		chromedp.Flag("no-proxy-server", true), chromedp.Flag("no-pings", true), chromedp.Flag("hide-scrollbars", true),
		chromedp.Flag("disable-features", "Translate,OptimizationHints,MediaRouter,AutofillServerCommunication,HttpsUpgrades"),
	)
	if o.Visible {
		options = append(options, chromedp.VisibleWindow)
	}
	if os.Geteuid() == 0 { // Chrome's sandbox does not run as root
		options = append(options, chromedp.NoSandbox)
	}
	if len(o.Resolve) > 0 {
		options = append(options, chromedp.Flag("host-resolver-rules", resolverRules(o.Resolve)))
	}
	if len(o.TrustedKeys) > 0 {
		options = append(options, chromedp.Flag("ignore-certificate-errors-spki-list", strings.Join(o.TrustedKeys, ",")))
	}
	for _, flag := range o.Flags {
		name, value, given := strings.Cut(flag, "=")
		if given {
			options = append(options, chromedp.Flag(name, value))
		} else {
			options = append(options, chromedp.Flag(name, true))
		}
	}
	return options
}

// profileWithout makes a profile whose owner has blocked the cookies of some hosts, in the settings' own form.
func profileWithout(hosts []string) (string, error) {
	const block = 2
	exceptions := map[string]any{}
	for _, host := range hosts {
		exceptions["[*.]"+host+",*"] = map[string]any{"setting": block}
	}
	preferences, err := json.Marshal(map[string]any{"profile": map[string]any{"content_settings": map[string]any{"exceptions": map[string]any{"cookies": exceptions}}}})
	if err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp("", "ssolab-profile-")
	if err != nil {
		return "", err
	}
	if err = os.Mkdir(filepath.Join(dir, "Default"), 0o700); err == nil {
		err = os.WriteFile(filepath.Join(dir, "Default", "Preferences"), preferences, 0o600)
	}
	if err != nil {
		_ = os.RemoveAll(dir)
	}
	return dir, err
}

// Close ends the browser and waits for it.
func (b *Browser) Close() {
	for _, cancel := range b.cancel {
		cancel()
	}
	if b.profile != "" {
		_ = os.RemoveAll(b.profile)
	}
}

// Tab is a tab with cookies and storage of its own. It serves one caller at a time.
type Tab struct {
	ctx     context.Context
	cancel  context.CancelFunc
	timeout time.Duration

	mu      sync.Mutex // guards console
	console []string
}

// actionTimeout bounds one action of a person, with all the pages it leads over.
const actionTimeout = 30 * time.Second

// NewTab opens a tab. Its cookies are those of nobody else.
func (b *Browser) NewTab() (*Tab, error) { return b.open(chromedp.WithNewBrowserContext()) }

func (b *Browser) open(options ...chromedp.ContextOption) (*Tab, error) {
	t := &Tab{timeout: actionTimeout}
	t.ctx, t.cancel = chromedp.NewContext(b.ctx, append(options, chromedp.WithListener(t.note))...)
	if err := chromedp.Do(t.ctx); err != nil {
		t.cancel()
		return nil, fmt.Errorf("open a tab: %w", err)
	}
	return t, nil
}

// Close closes the tab and forgets its cookies.
func (t *Tab) Close() { t.cancel() }

// note keeps what the page and the browser say. It runs inside the loop that reads from the browser.
func (t *Tab) note(event any) {
	line := ""
	switch e := event.(type) {
	case *runtime.EventConsoleAPICalled:
		line = "console." + string(e.Type)
		for _, a := range e.Args {
			line += " " + string(a.Value)
		}
	case *runtime.EventExceptionThrown:
		line = "exception " + e.ExceptionDetails.Text
	case *log.EventEntryAdded:
		line = fmt.Sprintf("%s %s %s (%s)", e.Entry.Source, e.Entry.Level, e.Entry.Text, e.Entry.URL)
	default:
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.console = append(t.console, line)
}

// Console is what the page and the browser have logged.
func (t *Tab) Console() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return append([]string(nil), t.console...)
}

// Open goes to an address and waits until the page it leads to has loaded.
func (t *Tab) Open(address string) error {
	if err := t.do(chromedp.Navigate(address)); err != nil {
		return fmt.Errorf("open %s: %w", address, err)
	}
	return nil
}

// URL is the address of the page.
func (t *Tab) URL() (string, error) { return run(t, chromedp.Location()) }

// do runs steps, and fails when they take longer than a person would wait.
func (t *Tab) do(steps ...chromedp.Action[chromedp.Void]) error {
	ctx, cancel := context.WithTimeout(t.ctx, t.timeout)
	defer cancel()
	return chromedp.Do(ctx, steps...)
}

func run[T any](t *Tab, a chromedp.Action[T]) (T, error) {
	ctx, cancel := context.WithTimeout(t.ctx, t.timeout)
	defer cancel()
	return chromedp.Run(ctx, a)
}

// leave clicks and waits until the page that the click leads to has loaded. Redirects on the way load nothing.
func (t *Tab) leave(selector string) error {
	_, err := run(t, chromedp.WaitEvent(page.LoadEventFired, nil, chromedp.Click(chromedp.CSS(selector))))
	if err != nil {
		return fmt.Errorf("click %s: %w", selector, err)
	}
	return nil
}

// click clicks on what leads nowhere else.
func (t *Tab) click(selector string) error {
	if _, err := run(t, chromedp.Click(chromedp.CSS(selector))); err != nil {
		return fmt.Errorf("click %s: %w", selector, err)
	}
	return nil
}

// fill replaces what is in a field by typing. It finds the field itself: SendKeys of chromedp v0.23.0 reads the attributes of
// its copy of the page while events change them.
func (t *Tab) fill(selector, value string) error {
	script := fmt.Sprintf(`(() => {
		const field = document.querySelector(%q);
		if (!field) return false;
		field.focus();
		field.value = "";
		field.dispatchEvent(new Event("input", {bubbles: true}));
		return document.activeElement === field;
	})()`, selector)
	ok, err := run(t, chromedp.Evaluate[bool](script))
	if err == nil && !ok {
		err = errors.New("there is no such field, or it takes no input")
	}
	if err == nil {
		err = t.do(chromedp.KeyEvent(value))
	}
	if err != nil {
		return fmt.Errorf("fill %s: %w", selector, err)
	}
	return nil
}

// choose picks an option of a list by its value.
func (t *Tab) choose(selector, value string) error {
	script := fmt.Sprintf(`(() => {
		const list = document.querySelector(%q);
		if (!list || ![...list.options].some(o => o.value === %q)) return false;
		list.value = %[2]q;
		list.dispatchEvent(new Event("input", {bubbles: true}));
		list.dispatchEvent(new Event("change", {bubbles: true}));
		return true;
	})()`, selector, value)
	ok, err := run(t, chromedp.Evaluate[bool](script))
	if err == nil && !ok {
		err = errors.New("there is no such option")
	}
	if err != nil {
		return fmt.Errorf("choose %q in %s: %w", value, selector, err)
	}
	return nil
}

// has tells whether the page has such an element now.
func (t *Tab) has(selector string) (bool, error) {
	return run(t, chromedp.Evaluate[bool](fmt.Sprintf(`document.querySelector(%q) !== null`, selector)))
}

// text is what an element of the page says, or what is in it if it is a field.
func (t *Tab) text(selector string) (string, error) {
	script := fmt.Sprintf(`(() => { const e = document.querySelector(%q); return e === null ? null : (e.value ?? e.textContent).trim() })()`, selector)
	s, err := run(t, chromedp.Evaluate[*string](script))
	if err != nil {
		return "", err
	}
	if s == nil {
		return "", fmt.Errorf("the page has no %s", selector)
	}
	return *s, nil
}

// attribute is an attribute of an element of the page.
func (t *Tab) attribute(selector, name string) (string, error) {
	script := fmt.Sprintf(`document.querySelector(%q)?.getAttribute(%q) ?? null`, selector, name)
	s, err := run(t, chromedp.Evaluate[*string](script))
	if err != nil {
		return "", err
	}
	if s == nil {
		return "", fmt.Errorf("the page has no %s with the attribute %s", selector, name)
	}
	return *s, nil
}

// Screenshot is the visible part of the page as PNG.
func (t *Tab) Screenshot() ([]byte, error) { return run(t, chromedp.CaptureScreenshot()) }

// DOM is the page as it stands, as HTML.
func (t *Tab) DOM() (string, error) {
	return run(t, chromedp.Evaluate[string](`document.documentElement.outerHTML`))
}

// call sends a command of the protocol to the tab.
func call[P, R any](t *Tab, cmd cdp.Command[P, R], params P) (R, error) {
	ctx, cancel := context.WithTimeout(t.ctx, t.timeout)
	defer cancel()
	return chromedp.Call(ctx, cmd, params)
}

// Resize gives the page a size in pixels, in a light room.
func (t *Tab) Resize(width, height int64) error {
	if err := t.do(chromedp.EmulateViewport(width, height)); err != nil {
		return err
	}
	_, err := call(t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "light"}},
	})
	return err
}
