package main

import (
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"unicode"

	"messagehub/cmd/messagehub/config"
	"messagehub/store"
	"messagehub/store/message"
)

// inbox gives what recipients write to its workspace, and lets them opt out and
// in by a word.
type inbox struct {
	store *store.Store
	to    config.Inbound
	words map[string]message.Choice
	log   *slog.Logger
}

func newInbox(s *store.Store, to config.Inbound, log *slog.Logger) *inbox {
	return &inbox{store: s, to: to, words: keywords(), log: log}
}

// Receive implements [actors.Inbox].
func (b *inbox) Receive(all []message.Inbound) error {
	for i := range all {
		if err := b.receive(&all[i]); err != nil {
			return err
		}
	}
	return nil
}

func (b *inbox) receive(m *message.Inbound) error {
	m.ReceivedAt = now()
	ws, found, err := b.workspace(m)
	if err != nil {
		return err
	}
	choice := b.choice(m)
	if !found {
		b.log.Warn("a message of a recipient belongs to no workspace: set inbound.workspace", "channel", m.Channel, "sender", m.Sender)
		return b.chooseForAll(m, choice)
	}
	m.Owner = message.Owner{Workspace: ws, Test: m.Test}
	_, err = b.store.Receive(*m, choice, rand.Uint64()&(1<<44-1))
	return err
}

// workspace returns whose a message is: of the message that it answers, else
// the configured one, else the only one.
func (b *inbox) workspace(m *message.Inbound) (message.WorkspaceID, bool, error) {
	if m.ReplyTo != "" {
		ws, found, err := b.store.SenderOf(message.Lane{Channel: m.Channel, Test: m.Test}, m.ReplyTo, m.ReceivedAt)
		if found || err != nil {
			return ws, found, err
		}
	}
	all, err := b.store.Workspaces()
	if b.to.Workspace == "" {
		if len(all) == 1 {
			return all[0].ID, true, err
		}
		return 0, false, err
	}
	i := slices.IndexFunc(all, func(w message.Workspace) bool { return w.Name == b.to.Workspace })
	if i < 0 {
		return 0, false, err
	}
	return all[i].ID, true, err
}

// choice returns what a message says about further ones: by what its writer did
// at the provider, or by the one word that he writes.
func (b *inbox) choice(m *message.Inbound) message.Choice {
	switch m.Kind {
	case message.KindOptOut:
		return message.OptsOut
	case message.KindOptIn:
		return message.OptsIn
	}
	if !slices.Contains(b.to.Keywords, m.Channel) {
		return message.NoChoice
	}
	return b.words[plainWord(m.Text)]
}

// chooseForAll opts the writer out or in everywhere: it is not known of whom he
// has had enough.
func (b *inbox) chooseForAll(m *message.Inbound, choice message.Choice) error {
	if choice == message.NoChoice {
		return nil
	}
	all, err := b.store.Workspaces()
	if err != nil {
		return err
	}
	for _, w := range all {
		owner := message.Owner{Workspace: w.ID, Test: m.Test}
		if err := b.store.OptOut(owner, message.Identity{Channel: m.Channel, Address: m.From}, choice == message.OptsOut, m.ReceivedAt); err != nil {
			return err
		}
	}
	return nil
}

// plainWord returns a text as it is looked up: small letters, without what
// stands around it.
func plainWord(text string) string {
	if len(text) > 64 {
		return ""
	}
	return strings.ToLower(strings.TrimFunc(text, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsPunct(r) }))
}

// keywords are the words that mean an opt-out or its end, when they are all
// that somebody writes. The English ones are those that Twilio and
// the carriers of the United States know, but for YES, which answers much else.
func keywords() map[string]message.Choice {
	words := map[string]message.Choice{}
	for _, pair := range map[string][2]string{
		"en": {"stop stopall unsubscribe cancel end quit optout revoke", "start unstop subscribe"},
		"de": {"stopp abmelden abbestellen", "anmelden"},
		"es": {"alto baja parar", "alta iniciar"},
		"fr": {"arret arrêt désabonner", "reprendre"},
		"id": {"berhenti", "mulai"},
		"it": {"ferma disiscrivi", "iscrivi"},
		"ja": {"停止 配信停止", "再開 配信再開"},
		"ko": {"수신거부 거부", "수신동의 동의"},
		"pt": {"sair pare cancelar", "iniciar entrar"},
		"th": {"หยุด ยกเลิก", "เริ่ม"},
		"vi": {"dừng dung hủy huy", "dangky"},
		"zh": {"退订 退訂 td", "订阅 訂閱"},
	} {
		for _, word := range strings.Fields(pair[0]) {
			words[word] = message.OptsOut
		}
		for _, word := range strings.Fields(pair[1]) {
			words[word] = message.OptsIn
		}
	}
	return words
}
