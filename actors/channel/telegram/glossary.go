package telegram

import (
	"strconv"

	"messagehub/actors/channel"
)

func glossaries() []channel.Glossary {
	return []channel.Glossary{{Provider: "telegram", Look: look}}
}

// look takes an error_code. Of 400 and 403 the description decides.
func look(text string) []channel.Meaning {
	code, err := strconv.Atoi(text)
	if err != nil || code < 400 || code > 599 {
		return nil
	}
	var all []channel.Meaning
	for _, row := range map[int][]known{400: badRequestWords(), 403: forbiddenWords()}[code] {
		all = append(all, channel.Meaning{Where: "an answer with the words " + strconv.Quote(row.part), Code: row.code})
	}
	where := channel.InAnswer
	if len(all) > 0 {
		where = "any other answer"
	}
	return append(all, channel.Meaning{Where: where, Code: classify(code, "")})
}
