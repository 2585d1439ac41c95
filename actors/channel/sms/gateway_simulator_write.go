package sms

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"messagehub/actors/channel/sim"
	"messagehub/store/message/json"
)

// Write implements [sim.Writer]: a sms-service of Kannel's with the get-url of
// the page sms-http.
func (g *simulatedKannel) Write(w sim.Written) error {
	if err := textAlone(&w); err != nil {
		return err
	}
	query := url.Values{
		"token": {g.receiptKey}, "from": {w.From}, "text": {w.Text}, "id": {g.serial()}, "time": {time.Now().UTC().Format("2006-01-02 15:04:05")},
	}
	return g.bring(sim.Post{Method: "GET", URL: g.callback + "?" + query.Encode()})
}

// Write implements [sim.Writer].
func (g *simulatedForm) Write(w sim.Written) error {
	if err := textAlone(&w); err != nil {
		return err
	}
	form := url.Values{"source": {strings.TrimPrefix(w.From, "+")}, "message": {w.Text}, "msgid": {g.serial()}}
	return g.bring(posted(g.callback, "application/x-www-form-urlencoded", []byte(form.Encode()), map[string]string{"X-Callback-Token": g.receiptKey}))
}

// Write implements [sim.Writer].
func (g *simulatedJSON) Write(w sim.Written) error {
	if g.inForm == "messagehub" {
		return g.writeOwn(w)
	}
	if err := textAlone(&w); err != nil {
		return err
	}
	message := map[string]any{"uid": g.world.Serial(), "number": w.From, "body": w.Text, "at": time.Now().Unix()}
	body, err := json.Marshal(map[string]any{"incoming": []any{message}})
	if err != nil {
		return err
	}
	return g.bring(posted(g.callback, "application/json", body, g.signStamped(body)))
}

// writeOwn brings a message in the relay's own form.
func (g *simulatedJSON) writeOwn(w sim.Written) error {
	own := map[string]any{"id": g.serial(), "from": w.From, "text": w.Text, "at": time.Now().UTC().Format(time.RFC3339), "replyTo": w.ReplyTo}
	switch w.Kind {
	case sim.WritesText:
	case sim.WritesImage:
		own["media"] = []any{map[string]string{"url": w.MediaURL, "mimeType": "image/jpeg"}}
	default:
		return w.Unwritable("the gateway")
	}
	body, err := json.Marshal(own)
	if err != nil {
		return err
	}
	return g.bring(posted(g.callback, "application/json", body, g.signOwn(body)))
}

// textAlone refuses what a gateway does not bring.
func textAlone(w *sim.Written) error {
	switch {
	case w.Kind != sim.WritesText:
		return w.Unwritable("the gateway")
	case w.ReplyTo != "":
		return w.Unanswerable("the gateway")
	}
	return nil
}

func (g *gatewaySimulator) serial() string { return strconv.FormatUint(g.world.Serial(), 16) }

// bring posts what a handset has written.
func (g *gatewaySimulator) bring(p sim.Post) error {
	if g.callback != "" {
		g.world.Post(p)
	}
	return nil
}

// signStamped signs a body with the time.
func (g *gatewaySimulator) signStamped(body []byte) map[string]string {
	stamp := strconv.FormatInt(time.Now().Unix(), 10)
	mac := hmac.New(sha256.New, []byte(g.receiptKey))
	fmt.Fprintf(mac, "%s.%s", stamp, body)
	return map[string]string{"X-Timestamp": stamp, "X-Signature": "sha256=" + hex.EncodeToString(mac.Sum(nil))}
}
