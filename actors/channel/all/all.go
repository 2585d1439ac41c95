// Package all is the list of channels: the only place that names them. A
// further channel is one directory and one line here.
package all

import (
	"fmt"

	"messagehub/actors/channel"
	"messagehub/actors/channel/kakao"
	"messagehub/actors/channel/line"
	"messagehub/actors/channel/sms"
	"messagehub/actors/channel/telegram"
	"messagehub/actors/channel/viber"
	"messagehub/actors/channel/whatsapp"
	"messagehub/actors/channel/zalo"
)

// Specs returns every channel, in the order in which they are shown. It
// panics if two have the same name.
func Specs() []channel.Spec {
	return distinct([]channel.Spec{
		whatsapp.Spec(),
		telegram.Spec(),
		line.Spec(),
		kakao.Spec(),
		viber.Spec(),
		zalo.Spec(),
		sms.Spec(),
	})
}

func distinct(specs []channel.Spec) []channel.Spec {
	seen := make(map[string]bool, len(specs))
	for i := range specs {
		name := specs[i].Name
		if seen[name] {
			panic(fmt.Sprintf("BUG: two channels are named %q", name))
		}
		seen[name] = true
	}
	return specs
}
