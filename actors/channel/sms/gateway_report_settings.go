package sms

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"messagehub/actors/channel"
	"messagehub/store/message"
)

// The settings about what a gateway reports.
const (
	settingReceiptFormat    = "receiptFormat"
	settingReceiptList      = "receiptList"
	settingReceiptID        = "receiptId"
	settingReceiptStatus    = "receiptStatus"
	settingReceiptError     = "receiptError"
	settingReceiptStatuses  = "receiptStatuses"
	settingReceiptAuth      = "receiptAuth"
	settingReceiptAuthName  = "receiptAuthName"
	settingReceiptSecret    = "receiptSecret"
	settingReceiptTimestamp = "receiptTimestamp"
	settingReceiptSigned    = "receiptSigned"
	settingReceiptTolerance = "receiptTolerance"
)

// The values of receiptFormat and receiptAuth.
const (
	receiptForm = "form"
	receiptJSON = "json"
	receiptOwn  = "messagehub"

	receiptAuthHeader  = "header"
	receiptAuthQuery   = "query"
	receiptAuthHMAC    = "hmac"
	receiptAuthWebhook = "webhook"
)

func gatewayReportSettings() []channel.Setting {
	form := []channel.Setting{
		{
			Name: settingReceiptFormat, Check: oneOf(receiptForm, receiptJSON, receiptOwn),
			Help: "http: the form of receipts: form (default; also the query of a GET), json, or messagehub, the relay's own",
		},
		{
			Name: settingReceiptList, Check: checkPointer, Help: "http: JSON pointer to the list of receipts, where many come at once",
		},
		{
			Name: settingReceiptID, Help: "http: where a receipt has the message's id: a parameter, or with json a JSON pointer",
		},
		{
			Name: settingReceiptStatus, Help: "http: where a receipt has the status: a parameter, or with json a JSON pointer",
		},
		{
			Name: settingReceiptError, Help: "http: where a receipt has the error's code: a parameter, or with json a JSON pointer",
		},
		{
			Name: settingReceiptStatuses, Kind: channel.KindMap, Check: checkReceiptStatuses,
			Help: "http: the gateway's statuses as sent, delivered, read, failed, expired or a code of the relay; others are of no interest",
		},
	}
	return append(form, gatewayGuardSettings()...)
}

func gatewayGuardSettings() []channel.Setting {
	return []channel.Setting{
		{
			Name: settingReceiptAuth, Check: oneOf(receiptAuthHeader, receiptAuthQuery, receiptAuthHMAC, receiptAuthWebhook),
			Help: "http: how receipts prove themselves: a token in a header or in the query, hmac (SHA-256) or webhook (Standard Webhooks); without it there are none",
		},
		{
			Name: settingReceiptAuthName, Check: checkHeaderName,
			Help: "http: name of the header or parameter of the proof; without it X-Callback-Token, token or X-Signature",
		},
		{
			Name: settingReceiptSecret, Secret: true, Sandbox: "whsec_c2FuZGJveC1yZWNlaXB0LXNlY3JldA==", Check: checkReceiptSecret,
			Help: "http: the token or key of receipts, 16 characters or more; with webhook whsec_ and Base64",
		},
		{
			Name: settingReceiptTimestamp, Check: checkHeaderName,
			Help: "http: with hmac, the header that has the time of signing, in Unix seconds",
		},
		{
			Name: settingReceiptSigned, Check: checkSigned,
			Help: "http: with hmac, what is signed: {body} (default), or with a timestamp such as {timestamp}.{body}",
		},
		{
			Name: settingReceiptTolerance, Kind: channel.KindDuration, Default: "5m", Check: checkTolerance,
			Help: "http: how far the time of signing may be from now",
		},
	}
}

func checkPointer(value string) error {
	if !strings.HasPrefix(value, "/") {
		return errors.New("must be a JSON pointer, which begins with /")
	}
	return nil
}

func checkReceiptSecret(value string) error {
	if len(value) < 16 || printable(value) != nil {
		return errors.New("must have at least 16 characters of printable ASCII")
	}
	return nil
}

func checkSigned(value string) error {
	t, err := parseTemplate(value, signedPlaceholders())
	if err == nil && !t.names("body") {
		return errors.New("must name {body}")
	}
	return err
}

func checkTolerance(value string) error {
	if d, err := time.ParseDuration(value); err != nil || d < time.Second || d > 24*time.Hour {
		return errors.New("must be between 1s and 24h")
	}
	return nil
}

func checkReceiptStatuses(value string) error {
	return checkMap(value, func(name, word string) error {
		if _, ok := verdictOf(word); !ok {
			return fmt.Errorf("is not valid: %s names %q; there are sent, delivered, read, failed, expired and the codes of failures",
				channel.Clean(name), channel.Clean(word))
		}
		return nil
	})
}

// verdict is what a status of a receipt means.
type verdict struct {
	status message.Status
	code   channel.Code // of a failure
}

// verdictOf reads the word for a status.
func verdictOf(word string) (v verdict, ok bool) {
	switch word {
	case "sent":
		return verdict{status: message.Sent}, true
	case "delivered":
		return verdict{status: message.Delivered}, true
	case "read":
		return verdict{status: message.Read}, true
	case "failed":
		return verdict{message.Failed, channel.ProviderError}, true
	case "expired":
		return verdict{message.Failed, channel.DeliveryExpired}, true
	}
	_, ok = channel.Rules()[channel.Code(word)]
	return verdict{message.Failed, channel.Code(word)}, ok
}
