package sms

import (
	"strconv"
	"strings"

	"messagehub/actors/channel"
)

func glossaries() []channel.Glossary {
	return []channel.Glossary{{Provider: "twilio", Look: lookTwilio}, {Provider: "smpp", Look: lookSMPP}}
}

func lookTwilio(text string) (all []channel.Meaning) {
	code, err := strconv.Atoi(text)
	if err != nil {
		return nil
	}
	if known := twilioRefusal(code); known != "" {
		all = append(all, channel.Meaning{Where: channel.InAnswer, Code: known})
	}
	if known := twilioReport(code); known != "" {
		all = append(all, channel.Meaning{Where: channel.InReceipt, Code: known, Receipt: true, After: pause(code)})
	}
	return all
}

// lookSMPP takes a command_status as attempts show it: 0x14. Each has a meaning,
// for those that no document has are the SMSC's own trouble.
func lookSMPP(text string) []channel.Meaning {
	digits, ok := strings.CutPrefix(strings.ToLower(text), "0x")
	status, err := strconv.ParseUint(digits, 16, 32)
	if !ok || err != nil || status == 0 {
		return nil
	}
	return []channel.Meaning{
		{Where: "the answer to a submit_sm", Code: smppRefusal(uint32(status))},
		{Where: "the answer to a bind", Code: bindRefusal(uint32(status))},
	}
}
