package viber

import (
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"messagehub/actors/channel/sim"
)

// simBotMessage is a message to a bot's user.
type simBotMessage struct {
	Receiver string `json:"receiver"`
	Version  int    `json:"min_api_version"`
	Sender   *struct {
		Name   string `json:"name"`
		Avatar string `json:"avatar"`
	} `json:"sender"`
	Tracking  string         `json:"tracking_data"`
	Type      string         `json:"type"`
	Text      *string        `json:"text"`
	Media     string         `json:"media"`
	Thumbnail string         `json:"thumbnail"`
	Size      *int64         `json:"size"`
	Duration  *int           `json:"duration"`
	FileName  string         `json:"file_name"`
	Keyboard  map[string]any `json:"keyboard"`
}

var simReceiver = regexp.MustCompile(`^[A-Za-z0-9+/_-]{8,62}={1,2}$`)

func simBad(what string) *simNo { return simFault(3, "badData: "+what) }

func simLacks(what string) *simNo { return simFault(4, "missingData: "+what) }

// check checks a message as strictly as Viber does.
func (m *simBotMessage) check() *simNo {
	switch {
	case m.Receiver == "":
		return simLacks("receiver")
	case !simReceiver.MatchString(m.Receiver) && !strings.HasPrefix(m.Receiver, sim.Reserved):
		return simBad("receiver")
	case m.Type == "":
		return simLacks("type")
	case m.Sender == nil || m.Sender.Name == "":
		return simLacks("sender.name")
	case utf8.RuneCountInString(m.Sender.Name) > 28:
		return simBad("sender.name")
	case m.Sender.Avatar != "" && !simLink(m.Sender.Avatar):
		return simBad("sender.avatar")
	case m.Version < 0 || m.Version > 10:
		return simFault(14, "incompatibleWithVersion")
	case m.Thumbnail != "" && !simLink(m.Thumbnail):
		return simBad("thumbnail")
	}
	return m.checkType()
}

func (m *simBotMessage) checkType() *simNo {
	switch m.Type {
	case "text":
		return m.checkText(1, 7000)
	case "picture":
		if no := m.checkText(0, 512); no != nil {
			return no
		}
		return m.checkMedia(".jpeg", ".jpg", ".png", ".gif")
	case "video":
		if no := m.checkSize(26 << 20); no != nil {
			return no
		}
		if m.Duration != nil && (*m.Duration < 0 || *m.Duration > 180) {
			return simBad("duration")
		}
		return m.checkMedia(".mp4")
	case "file":
		if m.FileName == "" {
			return simLacks("file_name")
		}
		if path.Ext(m.FileName) == "" || utf8.RuneCountInString(m.FileName) > 256 {
			return simBad("file_name")
		}
		if no := m.checkSize(50 << 20); no != nil {
			return no
		}
		return m.checkMedia()
	case "url":
		if utf8.RuneCountInString(m.Media) > 2000 {
			return simBad("media")
		}
		return m.checkMedia()
	}
	return simBad("type")
}

func (m *simBotMessage) checkText(least, most int) *simNo {
	if m.Text == nil {
		return simLacks("text")
	}
	if n := utf8.RuneCountInString(*m.Text); n < least || n > most {
		return simBad("text")
	}
	return nil
}

func (m *simBotMessage) checkSize(most int64) *simNo {
	if m.Size == nil {
		return simLacks("size")
	}
	if *m.Size < 1 || *m.Size > most {
		return simBad("size")
	}
	return nil
}

// checkMedia checks the link, and that its last segment has one of the
// extensions, if there are any.
func (m *simBotMessage) checkMedia(extensions ...string) *simNo {
	if m.Media == "" {
		return simLacks("media")
	}
	u, err := url.Parse(m.Media)
	if err != nil || !simLink(m.Media) {
		return simBad("media")
	}
	if len(extensions) > 0 && !slices.Contains(extensions, strings.ToLower(path.Ext(u.Path))) {
		return simBad("media")
	}
	return nil
}

// summary is what the ledger keeps of a message.
func (m *simBotMessage) summary() string {
	if m.Text != nil && *m.Text != "" {
		return *m.Text
	}
	return m.Media
}
