package viber

import (
	"errors"

	"messagehub/actors/channel/texts"
	"messagehub/store/message/json"
)

// stored is a template of the setting templates.
type stored struct {
	// ID is the template's at Infobip; empty: its name.
	ID string `json:"id"`
	// What a bot sends, which has no templates of its own, and the names of
	// the parameters.
	texts.Template
}

// checkTemplates checks the setting templates.
func checkTemplates(value string) error {
	_, err := parseTemplates(value)
	return err
}

func parseTemplates(value string) (map[string]stored, error) {
	if value == "" {
		return nil, nil
	}
	var out map[string]stored
	if json.UnmarshalStrict([]byte(value), &out) != nil || out == nil {
		return nil, errors.New(`must be a JSON object such as {"shipped": {"id": "123", "parameters": ["order"], "text": {"en": "Order {{order}} is on its way"}}}`)
	}
	for name, t := range out {
		if err := t.Check(name); err != nil {
			return nil, err
		}
	}
	return out, nil
}
