package zalo

import (
	"strconv"

	"messagehub/actors/channel"
)

func glossaries() []channel.Glossary {
	return []channel.Glossary{{Provider: "zalo", Look: look}}
}

func look(text string) (all []channel.Meaning) {
	number, err := strconv.Atoi(text)
	if err != nil {
		return nil
	}
	for _, host := range []struct {
		where string
		table table
	}{{"the answer to a message to a user id", openapiCodes()}, {"the answer to a template to a phone number", businessCodes()}} {
		if code, ok := host.table.codes[number]; ok {
			all = append(all, channel.Meaning{Where: host.where, Code: code})
		}
	}
	return all
}
