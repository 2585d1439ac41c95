package webhook

import (
	"fmt"

	"messagehub/store/message"
)

// SealName is the name that an endpoint's secrets are sealed under: it binds
// them to the endpoint.
func SealName(e *message.Endpoint) string {
	return fmt.Sprintf("webhook/%d/%s", e.Workspace, endpointID(e.ID))
}

// addSecret draws a secret and puts it in force. The one before it, if any,
// signs beside it until the moment.
func (d *Deliverer) addSecret(e *message.Endpoint, until message.Time) (string, error) {
	text := newSecret()
	sealed, err := d.Sealer.Seal(SealName(e), []byte(text))
	if err != nil {
		return "", fmt.Errorf("seal secret: %w", err)
	}
	secrets := []message.SealedSecret{{Sealed: string(sealed)}}
	if len(e.Secrets) > 0 {
		old := e.Secrets[0]
		old.ExpiresAt = until
		secrets = append(secrets, old)
	}
	e.Secrets = secrets
	return text, nil
}

// openSecrets returns the secrets of an endpoint, the one in force first.
func (d *Deliverer) openSecrets(e *message.Endpoint) ([]secret, error) {
	var out []secret
	for _, s := range e.Secrets {
		text, err := d.Sealer.Open(SealName(e), []byte(s.Sealed))
		if err != nil {
			return nil, fmt.Errorf("open secret: %w", err)
		}
		out = append(out, secret{string(text), s.ExpiresAt})
	}
	if len(out) == 0 {
		return nil, errSecret
	}
	return out, nil
}

// inForce returns the secrets that sign at the moment.
func inForce(secrets []secret, now message.Time) []string {
	var texts []string
	for _, s := range secrets {
		if s.expires == 0 || now < s.expires {
			texts = append(texts, s.text)
		}
	}
	return texts
}
