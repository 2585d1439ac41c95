package relay

import (
	"cmp"
	"slices"
	"strings"

	"messagehub/store/message"
)

// Sandbox has users of the simulated providers write.
type Sandbox interface {
	// Write has a user write, on behalf of a workspace. Its error says to the
	// client what can't be done.
	Write(ws message.WorkspaceID, w Writing) error
}

// Writing is what a user of the sandbox writes.
type Writing struct {
	Channel string
	Sender  string // that he writes to
	From    string
	Kind    string
	Text    string
	// MediaURL is where the picture is, of a KindImage.
	MediaURL string
	ReplyTo  string // the provider's id of the message that he answers
}

// maxWriting bounds the members of a Writing but for its text.
const maxWriting = 2 << 10

// writeReceived is POST /api/v1/messages/received, of the sandbox alone.
func (s *Server) writeReceived(c *call) {
	switch {
	case s.o.Sandbox == nil:
		c.fail(NotFound)
		return
	case !c.key.Test:
		c.fail(SandboxOnly)
		return
	}
	w, faults := c.readWriting()
	if len(faults) > 0 {
		c.refuse(faults)
		return
	}
	c.inLog = true
	err := s.o.Sandbox.Write(c.key.Workspace, w)
	c.inLog = false
	if err != nil {
		c.refuse([]Fault{{"", InvalidParameter, "This can't be written: " + err.Error() + "."}})
		return
	}
	c.buf = appendString(append(c.buf[:0], `{"data":{"channel":`...), w.Channel)
	c.buf = appendStringMember(c.buf, "sender", w.Sender)
	c.buf = appendStringMember(c.buf, "from", w.From)
	c.buf = append(appendBoolMember(c.buf, "test", true), "}}"...)
	c.write(202, c.buf)
}

// readWriting reads and checks the body.
func (c *call) readWriting() (Writing, []Fault) {
	w := Writing{Kind: message.KindText}
	member := func(name string, into *string, most int) field {
		return field{name: name, kind: kindString, read: func(s *scanner) *Fault {
			if *into = strings.Clone(s.str()); len(*into) > most {
				return invalid(name + " is longer than a message can have it.")
			}
			return nil
		}}
	}
	faults := readObject(c.http.Request.Body(), []field{
		member("channel", &w.Channel, maxWriting), member("sender", &w.Sender, maxWriting), member("from", &w.From, maxWriting),
		member("kind", &w.Kind, maxWriting), member("text", &w.Text, message.MaxInboundText),
		member("mediaUrl", &w.MediaURL, maxWriting), member("replyTo", &w.ReplyTo, maxWriting),
	})
	if len(faults) > 0 {
		return w, faults
	}
	faults = c.server.reader.checkWriting(&w)
	return w, faults
}

// checkWriting lists what is wrong with a Writing, and names its sender.
func (r *reader) checkWriting(w *Writing) (faults []Fault) {
	add := func(param string, code Code, text string) { faults = append(faults, Fault{param, code, text}) }
	switch ch := r.carrier(w.Channel); {
	case w.Channel == "":
		add("channel", MissingParameter, "channel is missing: it is where the user writes.")
	case ch == nil:
		add("channel", UnsupportedChan, "channel must be "+oneOf(r.names())+".")
	case len(ch.TestSenders) == 0 || w.Sender != "" && !slices.Contains(ch.TestSenders, w.Sender):
		add("sender", UnknownSender, "sender must be "+oneOf(ch.TestSenders)+", a sender of "+w.Channel+".")
	case w.From == "":
		add("from", MissingParameter, "from is missing: it is the user's address on the channel.")
	default:
		if err := ch.CheckRecipient(w.From); err != nil {
			add("from", InvalidRecipient, "from "+err.Error()+".")
		}
		w.Sender = cmp.Or(w.Sender, ch.TestSenders[0])
	}
	switch w.Kind {
	case message.KindText:
		if w.Text == "" {
			add("text", MissingParameter, "text is missing: it is what the user writes.")
		}
	case message.KindImage:
		if w.MediaURL == "" {
			add("mediaUrl", MissingParameter, "mediaUrl is missing: a picture has one.")
		}
	case message.KindOptIn, message.KindOptOut:
	default:
		add("kind", InvalidParameter, "kind must be "+oneOf([]string{message.KindText, message.KindImage, message.KindOptIn, message.KindOptOut})+".")
	}
	return faults
}

// carrier returns a channel; nil: there is none of this name.
func (r *reader) carrier(name string) *carrier {
	carriers := *r.carriers.Load()
	for i := range carriers {
		if carriers[i].Name == name {
			return &carriers[i]
		}
	}
	return nil
}
