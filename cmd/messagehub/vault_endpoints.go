package main

import (
	"crypto/cipher"
	"fmt"
	"slices"

	"messagehub/relay/webhook"
	"messagehub/store"
	"messagehub/store/message"
)

// reseal seals the secrets of an endpoint anew. The caller holds the lock.
func (v *vault) reseal(e *message.Endpoint, aead cipher.AEAD) error {
	name := webhook.SealName(e)
	e.Secrets = slices.Clone(e.Secrets)
	for i := range e.Secrets {
		value, err := v.open(name, []byte(e.Secrets[i].Sealed))
		if err == nil {
			value, err = seal(aead, name, value)
		}
		if err != nil {
			return fmt.Errorf("seal secret of %s anew: %w", name, err)
		}
		e.Secrets[i].Sealed = string(value)
	}
	return nil
}

// sealedEndpoints is the [webhook.Editor] beside a vault: no endpoint is
// written with a secret that was sealed before a change of the key.
type sealedEndpoints struct {
	*store.Store
	vault *vault
}

// PutEndpoint implements [webhook.Editor].
func (s sealedEndpoints) PutEndpoint(e message.Endpoint, why ...message.AuditEntry) (message.Endpoint, error) {
	s.vault.mu.RLock() // until the row is there for a change of the key to find
	defer s.vault.mu.RUnlock()
	if len(s.vault.former) > 0 {
		if err := s.vault.reseal(&e, s.vault.aead); err != nil {
			return e, err
		}
	}
	return s.Store.PutEndpoint(e, why...)
}
