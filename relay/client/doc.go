// Package client is the Go client of the MessageHub API. It needs nothing but
// the standard library.
//
//	c := &client.Client{URL: "https://messages.example.com", Key: os.Getenv("MESSAGEHUB_KEY")}
//	sent, err := c.Send(ctx, client.Message{To: "+14155550100", Channel: "whatsapp", Content: "Hello"})
//
// # Guarantees
//
//   - Send and the batches carry an Idempotency-Key, drawn if none is given,
//     and the same one with every try: however often an answer was lost, there
//     is one message.
//   - A request is tried again only if that can't do its work twice, and only
//     where the relay, or the way to it, said that it may work later.
//   - A refusal is an *Error with all that the relay said.
//   - Every call ends when its context does.
//
// All of a Client's methods may be called from many goroutines at once.
package client
