package line

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"

	"messagehub/actors/channel"
	"messagehub/actors/channel/sim"
)

// checkRecipient takes what one of the modes addresses.
func checkRecipient(to string) error {
	if isID(to) || isPhone(to) {
		return nil
	}
	return errors.New("must be a LINE user, group or room id: U, C or R and 32 hexadecimal digits; for notification messages, a phone number in E.164")
}

func isID(to string) bool {
	return len(to) == 33 && strings.IndexByte("UCR", to[0]) >= 0 && strings.Trim(to[1:], "0123456789abcdef") == ""
}

func isPhone(to string) bool {
	return len(to) >= 8 && len(to) <= 16 && to[0] == '+' && to[1] != '0' && strings.Trim(to[1:], "0123456789") == ""
}

// address returns how the request names the recipient. LINE wants phone
// numbers as their SHA-256, so that it learns only those that it knows.
func (a *adapter) address(r *channel.Request) (string, *channel.Error) {
	to := r.Step.To
	switch {
	case strings.HasPrefix(to, sim.Reserved) && r.Test:
		return to, nil
	case a.mode == modePush && isID(to):
		return to, nil
	case a.mode != modePush && isPhone(to):
		sum := sha256.Sum256([]byte(to))
		return hex.EncodeToString(sum[:]), nil
	case a.mode == modePush:
		return "", channel.Failed(channel.InvalidRecipient, "", "this sender pushes to user, group and room ids")
	}
	return "", channel.Failed(channel.InvalidRecipient, "", "this sender sends notification messages to phone numbers")
}
