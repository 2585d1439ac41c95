package main

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"messagehub/actors"
	"messagehub/actors/channel"
	"messagehub/cmd/messagehub/config"
	"messagehub/store/message"
	"messagehub/store/message/json"
)

// formerSettings are those of live senders that reloads have replaced, sealed: so
// receipts that were signed with their secrets are taken after a restart, too. What
// is in force is in no file of ours.
type formerSettings struct {
	vault *vault
	keep  time.Duration
}

// keptSettings is [actors.Former] as it is sealed.
type keptSettings struct {
	Settings    channel.Values `json:"settings"`
	CallbackURL string         `json:"callbackUrl"`
	Until       message.Time   `json:"until"`
}

// maxFormer bounds how many are kept of a sender.
const maxFormer = 8

func formerName(s *config.Sender) string {
	return "former/" + pauseName(message.Lane{Channel: s.Channel}, s.Name)
}

// of returns the settings that a sender had and whose time is not over, the newest
// first.
func (f *formerSettings) of(s config.Sender, at message.Time) (all []actors.Former, err error) {
	kept, err := f.load(&s, at)
	for _, k := range kept {
		all = append(all, actors.Former(k))
	}
	return all, err
}

func (f *formerSettings) load(s *config.Sender, at message.Time) (kept []keptSettings, err error) {
	text, err := f.vault.load(formerName(s))
	if err != nil || text == nil {
		return nil, err
	}
	if err := json.Unmarshal(text, &kept); err != nil {
		return nil, fmt.Errorf("read former settings of %s/%s: %w", s.Channel, s.Name, err)
	}
	return slices.DeleteFunc(kept, func(k keptSettings) bool { return k.Until <= at }), nil
}

// note keeps what a reload is about to replace. It is durable when it returns nil.
func (f *formerSettings) note(was, to []config.Sender, publicURL string, at message.Time) error {
	for _, s := range was {
		stays := slices.ContainsFunc(to, func(t config.Sender) bool {
			return t.Channel == s.Channel && t.Name == s.Name && maps.Equal(t.Settings.Unpaced(), s.Settings.Unpaced())
		})
		if stays {
			continue
		}
		kept, err := f.load(&s, at)
		if err != nil {
			return err
		}
		last := keptSettings{Settings: s.Settings, Until: at.Add(f.keep)}
		if publicURL != "" {
			last.CallbackURL = callbackURL(publicURL, s.Channel, s.Name)
		}
		kept = append([]keptSettings{last}, kept...)
		text, err := json.Marshal(kept[:min(len(kept), maxFormer)])
		if err == nil {
			err = f.vault.save(formerName(&s), text)
		}
		if err != nil {
			return fmt.Errorf("keep former settings of %s/%s: %w", s.Channel, s.Name, err)
		}
	}
	return nil
}
