package line

import (
	"net/http"
	"strconv"

	"messagehub/actors/channel"
)

func glossaries() []channel.Glossary {
	return []channel.Glossary{{Provider: "line", Look: look}}
}

// look takes an HTTP status: LINE has no other codes. Its 409 is a yes, to a
// message that was taken before.
func look(text string) []channel.Meaning {
	status, err := strconv.Atoi(text)
	if err != nil || status < 400 || status > 599 || status == http.StatusConflict {
		return nil
	}
	var all []channel.Meaning
	for _, row := range words() {
		if row.status == status {
			all = append(all, channel.Meaning{Where: "an answer with the words " + strconv.Quote(row.part), Code: row.code})
		}
	}
	where := channel.InAnswer
	if len(all) > 0 {
		where = "any other answer"
	}
	return append(all, channel.Meaning{Where: where, Code: classify(status, "")})
}
