package relay

import "messagehub/store/message"

// Key is a stored key with what requests need beside it.
type Key struct {
	message.Key
}

// Keyring finds a key by the token that a client sends.
type Keyring struct{}

// NewKeyring makes an empty Keyring.
func NewKeyring() *Keyring { return &Keyring{} }
