package whatsapp

import (
	"strconv"

	"messagehub/actors/channel"
)

func glossaries() []channel.Glossary {
	return []channel.Glossary{{Provider: "meta", Look: look}}
}

func look(text string) []channel.Meaning {
	number, err := strconv.Atoi(text)
	e := graphError{Number: &number}
	if err != nil || e.code() == "" {
		return nil
	}
	_, pause := e.failure()
	all := []channel.Meaning{
		{Where: channel.InAnswer, Code: e.code(), After: e.pause()},
		{Where: channel.InReceipt, Code: e.code(), Receipt: true, After: pause},
	}
	if e.Subcode = noSuchObject; e.code() != all[0].Code {
		all = append(all, channel.Meaning{Where: "an answer with the subcode " + strconv.Itoa(noSuchObject), Code: e.code()})
	}
	return all
}
