package sms

import (
	"maps"
	"slices"

	"messagehub/actors/channel"
)

// presets are known gateways by name, as the settings that describe them.
func presets() map[string]channel.Values {
	return map[string]channel.Values{"infobip": infobip(), "kannel": kannel()}
}

func presetNames() []string { return slices.Sorted(maps.Keys(presets())) }

// withPreset returns the settings, with those of the preset for what they do
// not say.
func withPreset(v channel.Values) channel.Values {
	out := maps.Clone(v)
	for name, value := range presets()[v.Text(settingPreset)] {
		if out[name] == "" {
			out[name] = value
		}
	}
	return out
}

// kannel is the smsbox of Kannel 1.4 (user guide, "SMS push" and "delivery
// reports"). It gives no id: its reports come to the address that the message
// names, which tells them apart.
func kannel() channel.Values {
	return channel.Values{
		settingMethod: "GET", settingPath: "/cgi-bin/sendsms",
		settingQuery: `{"username":"{username}","password":"{secret}","from":"{from}","to":"{to}","text":"{text}",` +
			`"charset":"UTF-8","coding":"{encoding}","dlr-mask":"31",` +
			`"dlr-url":"{callback_url}&id={message_id}&status=%d&answer=%A"}`,
		settingEncodings: `{"GSM-7":"0","UCS-2":"2"}`,
		settingStatuses:  "202", settingSuccess: `^(0: Accepted for delivery|3: Queued for later delivery)`, settingErrorText: `^[^<]{1,200}`,
		settingReceiptAuth: receiptAuthQuery, settingReceiptFormat: receiptForm,
		settingReceiptID: "id", settingReceiptStatus: "status",
		settingReceiptStatuses: `{"1":"delivered","2":"recipient_unreachable","4":"sent","8":"sent","16":"failed"}`,
		// Of a sms-service whose get-url ends with "&from=%p&text=%a&id=%I&time=%t".
		settingInboundFrom: "from", settingInboundText: "text", settingInboundID: "id", settingInboundTime: "time",
	}
}

// infobip is Infobip's SMS API, version 3. Its reports, and messages of
// handsets, are lists of results.
func infobip() channel.Values {
	return channel.Values{
		settingPath: "/sms/3/messages", settingToFormat: "digits", settingHeaders: `{"Authorization":"App {secret}","Accept":"application/json"}`,
		settingJSON: `{"messages":[{"sender":"{from}","destinations":[{"to":"{to}","messageId":"{message_id}"}],"content":{"text":"{text}"},` +
			`"webhooks":{"delivery":{"url":"{callback_url}"},"contentType":"application/json"}}]}`,
		settingSuccess: "/messages/0/status/groupName", settingValue: "PENDING", settingID: "/messages/0/messageId",
		settingError: "/messages/0/status/name", settingErrorText: "/messages/0/status/description",
		settingCodes: `{"REJECTED_PREFIX_MISSING":"invalid_recipient","REJECTED_NETWORK":"not_on_channel","REJECTED_ROUTE_NOT_AVAILABLE":"not_on_channel",` +
			`"REJECTED_DND":"opted_out","REJECTED_DESTINATION":"recipient_restricted","REJECTED_SOURCE":"sender_misconfigured","REJECTED_SENDER":"sender_misconfigured",` +
			`"REJECTED_FLOODING_FILTER":"rate_limited","REJECTED_DUPLICATE_MESSAGE_ID":"outcome_unknown"}`,
		settingReceiptAuth: receiptAuthQuery, settingReceiptFormat: receiptJSON, settingReceiptList: "/results",
		settingReceiptID: "/messageId", settingReceiptStatus: "/status/groupName", settingReceiptError: "/status/name",
		settingReceiptStatuses: `{"PENDING":"sent","DELIVERED":"delivered","UNDELIVERABLE":"recipient_unreachable","EXPIRED":"expired","REJECTED":"failed"}`,
		settingInboundList:     "/results", settingInboundFrom: "/from", settingInboundText: "/text", settingInboundID: "/messageId", settingInboundTime: "/receivedAt",
	}
}
