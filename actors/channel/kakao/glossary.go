package kakao

import (
	"strconv"

	"messagehub/actors/channel"
)

func glossaries() []channel.Glossary {
	return []channel.Glossary{{Provider: "nhn", Look: look}}
}

func look(text string) (all []channel.Meaning) {
	if number, err := strconv.Atoi(text); err == nil {
		if code := apiCodes()[number]; code != "" {
			all = append(all, channel.Meaning{Where: channel.InAnswer, Code: code})
		}
	}
	if r := resultCodes()[text]; r.code != "" {
		all = append(all, channel.Meaning{Where: "the result of a delivery", Code: r.code, Receipt: true, After: r.again})
	}
	return all
}
