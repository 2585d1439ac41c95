package main

import (
	"context"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"

	"messagehub/relay/client"
)

func main() {
	ctx := context.Background()
	c := &client.Client{URL: os.Getenv("MESSAGEHUB_URL"), Key: os.Getenv("MESSAGEHUB_KEY")}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	endpoint, err := c.CreateEndpoint(ctx, "http://"+ln.Addr().String(), "message.delivered", "message.failed")
	check(err)
	verifier := client.Verifier{Secrets: []string{endpoint.Secret}}
	events := make(chan *client.Event, 16)
	go http.Serve(ln, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		event, err := verifier.Event(r)
		check(err) // a real server answers 400
		events <- event
	}))
	sent, err := c.Send(ctx, client.Message{To: "sim:delivered", Channel: "whatsapp", Content: "Order 1234 shipped"})
	check(err)
	m, err := (<-events).Message()
	check(err)
	fmt.Println(m.MessageID == sent.MessageID, m.Status, c.DeleteEndpoint(ctx, endpoint.ID))
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
