package sms

import (
	"errors"
	"strings"

	"github.com/nyaruka/phonenumbers"

	"messagehub/actors/channel"
)

// toFormat returns how recipients are written. Addresses of the sandbox stay
// as they are.
func toFormat(v channel.Values) (func(to string) (string, error), error) {
	format, country := v.Text(settingToFormat), v.Text(settingCountry)
	if (format == "national") != (country != "") {
		return nil, errors.New(settingCountry + " and " + settingToFormat + " national are needed together")
	}
	return func(to string) (string, error) {
		switch {
		case format == "digits" && !reserved(to):
			return strings.TrimPrefix(to, "+"), nil
		case format == "national" && !reserved(to):
			return national(to, country)
		}
		return to, nil
	}, nil
}

// national returns the digits by which a number is called in its own country.
func national(to, country string) (string, error) {
	number, err := phonenumbers.Parse(to, "")
	if err != nil {
		return "", channel.Failed(channel.InvalidRecipient, "", "the number can't be read")
	}
	if phonenumbers.GetRegionCodeForNumber(number) != country {
		return "", channel.Failed(channel.NotOnChannel, "", "the gateway takes numbers of "+country+" alone")
	}
	return phonenumbers.NormalizeDigitsOnly(phonenumbers.Format(number, phonenumbers.NATIONAL)), nil
}

func checkCountry(value string) error {
	return matching(`^[A-Z]{2}$`, "must be two capital letters, such as DE")(value)
}
