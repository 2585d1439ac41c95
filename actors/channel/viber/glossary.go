package viber

import (
	"strconv"

	"messagehub/actors/channel"
)

func glossaries() []channel.Glossary {
	return []channel.Glossary{{Provider: "infobip", Look: lookInfobip}, {Provider: "viber-bot", Look: lookBot}}
}

// lookInfobip takes the number of an error or of a status.
func lookInfobip(text string) []channel.Meaning {
	number, err := strconv.Atoi(text)
	if err != nil || codeOfError(number) == "" && codeOfStatus(number) == "" {
		return nil
	}
	status := infobipStatus{ID: number, GroupName: groupRejected}
	failure := infobipError{ID: number}
	_, pause := status.failure(&failure)
	code := status.code(&failure)
	return []channel.Meaning{{Where: channel.InAnswer, Code: code}, {Where: "a delivery report", Code: code, Receipt: true, After: pause}}
}

// lastBotStatus is the last one that Viber documents.
const lastBotStatus = 24

func lookBot(text string) []channel.Meaning {
	status, err := strconv.Atoi(text)
	if err != nil || status < 1 || status > lastBotStatus {
		return nil
	}
	return []channel.Meaning{{Where: channel.InAnswer, Code: codeOfBot(status)}}
}
