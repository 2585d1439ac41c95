package viber

import (
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"

	"messagehub/store/message"
)

// The kinds of media, named as in the contract.
const (
	image    = "image"
	video    = "video"
	audio    = "audio"
	document = "document"
)

// medium is what is known of a message's medium.
type medium struct {
	kind      string
	url       string // without the fragment that told size, duration, thumbnail
	extension string // lower case with its dot, or empty
	name      string // of the file
	caption   string
	size      int64 // bytes; 0: not known
	duration  int   // seconds; 0: not known
	thumbnail string
}

// mediumOf reads a step's medium.
func mediumOf(s *message.Step) medium {
	m := medium{url: s.MediaURL, caption: s.Content, name: s.Filename, kind: s.MediaType}
	m.readFragment()
	file := m.url
	if end := strings.IndexAny(file, "?#"); end >= 0 {
		file = file[:end]
	}
	_, rest, _ := strings.Cut(file, "://")
	_, rest, _ = strings.Cut(rest, "/") // the host's name has no extension
	file = rest[strings.LastIndexByte(rest, '/')+1:]
	m.extension = extensionOf(file)
	if m.kind == "" {
		m.kind = kindOf(m.extension)
	}
	if m.name == "" {
		m.name = file
		if plain, err := url.PathUnescape(file); err == nil {
			m.name = plain
		}
	}
	return m
}

// readFragment takes what the URL's fragment tells. A fragment that says
// anything else stays where it is.
func (m *medium) readFragment() {
	address, fragment, ok := strings.Cut(m.url, "#")
	if !ok {
		return
	}
	told, err := url.ParseQuery(fragment)
	if err != nil || len(told) == 0 {
		return
	}
	for key, values := range told {
		if len(values) != 1 || !slices.Contains([]string{"size", "duration", "thumbnail"}, key) {
			return
		}
	}
	size, err := strconv.ParseInt(told.Get("size"), 10, 64)
	if err == nil && size > 0 {
		m.size = size
	}
	seconds, err := strconv.Atoi(told.Get("duration"))
	if err == nil && seconds > 0 {
		m.duration = seconds
	}
	if thumbnail := told.Get("thumbnail"); isLink(thumbnail) {
		m.thumbnail = thumbnail
	}
	m.url = address
}

// extensionOf returns a file's extension in lower case with its dot, or "".
func extensionOf(file string) string {
	if e := strings.ToLower(path.Ext(file)); e != "." {
		return e
	}
	return ""
}

// isLink reports whether text is an http or https URL in plain ASCII.
func isLink(text string) bool {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return false
	}
	return !strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' })
}

// kindOf is the kind of medium that a URL's extension tells.
func kindOf(extension string) string {
	switch extension {
	case ".jpg", ".jpeg", ".png", ".gif", ".webp":
		return image
	case ".mp4", ".m4v", ".mov", ".3gp":
		return video
	case ".mp3", ".m4a", ".aac", ".amr", ".ogg", ".opus", ".wav":
		return audio
	}
	return document
}

// is reports whether the medium has one of the extensions.
func (m *medium) is(extensions ...string) bool { return slices.Contains(extensions, m.extension) }

// link is the medium as text, for what Viber does not carry.
func (m *medium) link() string {
	if m.caption == "" {
		return m.url
	}
	return m.caption + "\n" + m.url
}
