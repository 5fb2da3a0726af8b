package trace

import (
	"encoding/binary"
	"net/http"
	"slices"
	"time"
)

// hop is an exchange as it is kept: what joining asks for, and all the rest in bytes, which are read when somebody looks.
type hop struct {
	seq     uint64
	to      Party
	channel Channel
	point   string
	packed  []byte // see appendRequest, appendAnswer and appendRemarks
}

// appendText appends a string, shortened if it is longer than anything a sign-in needs. What is looked up has been looked
// up before.
func appendText(b []byte, s string) []byte {
	if len(s) <= maxValue {
		return append(binary.AppendUvarint(b, uint64(len(s))), s...)
	}
	const mark = "…"
	b = binary.AppendUvarint(b, maxValue+uint64(len(mark)))
	return append(append(b, s[:maxValue]...), mark...)
}

func appendBytes(b, s []byte) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// appendHeader appends header lines in alphabetical order.
func appendHeader(b []byte, h http.Header) []byte {
	names := make([]string, 0, 24)
	lines := 0
	for name, values := range h {
		names = append(names, name)
		lines += len(values)
	}
	slices.Sort(names)
	b = binary.AppendUvarint(b, uint64(lines))
	for _, name := range names {
		for _, value := range h[name] {
			b = appendText(appendText(b, name), value)
		}
	}
	return b
}

// appendRequest begins the packed form: method, URL, header, body.
func appendRequest(b []byte, req *http.Request, body []byte) []byte {
	scheme := "http://"
	if req.TLS != nil {
		scheme = "https://"
	}
	b = appendText(b, req.Method)
	b = appendText(b, scheme+req.Host+req.URL.RequestURI())
	b = appendHeader(b, req.Header)
	return appendBytes(b, body)
}

// appendAnswer goes on: sender, times, status, header, body.
func appendAnswer(b []byte, a *active, did answer, body []byte) []byte {
	b = appendText(b, string(a.from))
	b = binary.AppendVarint(b, a.started.UnixNano())
	b = binary.AppendVarint(b, int64(did.duration))
	b = binary.AppendUvarint(b, uint64(did.status))
	b = appendHeader(b, did.header)
	return appendBytes(b, body)
}

// appendRemarks ends it: notes, failure.
func appendRemarks(b []byte, a *active) []byte {
	b = binary.AppendUvarint(b, uint64(len(a.notes)))
	for _, note := range a.notes {
		b = appendText(b, note)
	}
	return appendText(b, a.failure)
}

// unpacker reads what the functions above wrote.
type unpacker struct{ rest string }

func (u *unpacker) number() uint64 {
	n, size := binary.Uvarint([]byte(u.rest[:min(len(u.rest), binary.MaxVarintLen64)]))
	u.rest = u.rest[size:]
	return n
}

func (u *unpacker) signed() int64 {
	n := u.number()
	return int64(n>>1) ^ -int64(n&1)
}

func (u *unpacker) text() string {
	n := u.number()
	s := u.rest[:n]
	u.rest = u.rest[n:]
	return s
}

func (u *unpacker) header() []Header {
	out := make([]Header, u.number())
	for i := range out {
		out[i] = Header{u.text(), u.text()}
	}
	return out
}

// exchange reads a hop of a sign-in, or of none.
func (h hop) exchange(signIn string) Exchange {
	u := unpacker{string(h.packed)}
	ex := Exchange{Seq: h.seq, SignIn: signIn, To: h.to, Channel: h.channel, Point: h.point}
	ex.Method, ex.URL, ex.RequestHeader, ex.RequestBody = u.text(), u.text(), u.header(), u.text()
	ex.From = Party(u.text())
	ex.Started = time.Unix(0, u.signed())
	ex.Duration = time.Duration(u.signed())
	ex.Status = int(u.number())
	ex.ResponseHeader, ex.ResponseBody = u.header(), u.text()
	if n := u.number(); n > 0 {
		ex.Notes = make([]string, n)
		for i := range ex.Notes {
			ex.Notes[i] = u.text()
		}
	}
	ex.Failure = u.text()
	return ex
}
