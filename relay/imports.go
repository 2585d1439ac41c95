package relay

import "context"

// imports are the places of the imports that run. Their connections are not
// the HTTP server's any more, so a shutdown waits for them here.
type imports struct{ places chan struct{} }

func newImports() *imports { return &imports{make(chan struct{}, maxImports)} }

// enter takes a place; false: there is none.
func (i *imports) enter() bool {
	select {
	case i.places <- struct{}{}:
		return true
	default:
		return false
	}
}

func (i *imports) leave() { <-i.places }

// wait returns when no import runs any more. None begins meanwhile: the server
// drains.
func (i *imports) wait(ctx context.Context) error {
	for range maxImports {
		select {
		case i.places <- struct{}{}:
			defer i.leave()
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}
