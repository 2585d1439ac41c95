package sms

import (
	"errors"
	"net"
	"strconv"
	"strings"
	"time"

	"messagehub/actors/channel"
	"messagehub/store/message/json"
)

// The settings of a sender with a bind to an SMSC.
const (
	settingSMSC        = "smscAddress"
	settingSystemID    = "systemId"
	settingPassword    = "smscPassword"
	settingSystemType  = "systemType"
	settingTLS         = "smscTLS"
	settingCA          = "smscCA"
	settingBindMode    = "bindMode"
	settingBinds       = "binds"
	settingWindow      = "window"
	settingEnquire     = "enquireLink"
	settingAlphabet    = "alphabet"
	settingDataCoding  = "dataCoding"
	settingLong        = "longMessages"
	settingServiceType = "serviceType"
	settingSourceTON   = "sourceTON"
	settingSourceNPI   = "sourceNPI"
	settingDestTON     = "destTON"
	settingDestNPI     = "destNPI"
	settingValidity    = "validity"
	settingReceipts    = "receipts"
	settingIDFormat    = "idFormat"
	settingReference   = "userMessageReference"
	settingAccepted    = "acceptedState"
	settingUnknown     = "unknownState"
	settingStatusCodes = "statusCodes"
)

// The values of settings.
const (
	bindTransceiver = "transceiver"
	bindSeparate    = "separate"

	alphabetGSM7   = "gsm7"
	alphabetPacked = "gsm7-packed"
	alphabetMixed  = "gsm7-latin1"
	alphabetLatin1 = "latin1"

	longUDH8    = "udh8"
	longUDH16   = "udh16"
	longSAR     = "sar"
	longPayload = "payload"

	validityRelative = "relative"
	validityAbsolute = "absolute"
	validityNone     = "none"

	receiptsFinal  = "final"
	receiptsFailed = "failed"
	receiptsAll    = "all"
	receiptsNone   = "none"

	idSame     = "same"
	idHexToDec = "hexToDec"
	idDecToHex = "decToHex"

	stateSent      = "sent"
	stateDelivered = "delivered"
	stateFailed    = "failed"
	stateIgnored   = "ignored"
)

func smppSettings() []channel.Setting {
	return append(smppBindSettings(), smppMessageSettings()...)
}

func smppBindSettings() []channel.Setting {
	return []channel.Setting{
		{
			Name: settingSMSC, Sandbox: "sandbox.invalid:2775", Check: checkHostPort,
			Help: "smpp: host and port of the SMSC",
		},
		{
			Name: settingSystemID, Sandbox: "sandbox", Check: shorter(16),
			Help: "smpp: system_id of the account, at most 15 characters",
		},
		{
			Name: settingPassword, Secret: true, Sandbox: "sandbox8", Check: shorter(9),
			Help: "smpp: password of the account, at most 8 characters",
		},
		{
			Name: settingSystemType, Check: shorter(13), Help: "smpp: system_type, where the SMSC wants one",
		},
		{
			Name: settingTLS, Kind: channel.KindBool, Default: "false", Help: "smpp: speak TLS with the SMSC",
		},
		{
			Name: settingCA, Help: "smpp: certificates of the authority that the SMSC's is signed by, in PEM; without it the system's",
		},
		{
			Name: settingBindMode, Default: bindTransceiver, Check: oneOf(bindTransceiver, bindSeparate),
			Help: "smpp: one transceiver for each bind, or separate: a transmitter and a receiver",
		},
		{
			Name: settingBinds, Kind: channel.KindInt, Default: "1", Check: between(1, 32), Help: "smpp: how many binds to hold",
		},
		{
			Name: settingWindow, Kind: channel.KindInt, Default: "10", Check: between(1, 1000),
			Help: "smpp: messages that may wait for an answer on one bind",
		},
		{
			Name: settingEnquire, Kind: channel.KindDuration, Default: "30s", Check: checkEnquire,
			Help: "smpp: how long the SMSC may be silent before it is asked with enquire_link",
		},
	}
}

func smppMessageSettings() []channel.Setting {
	return []channel.Setting{
		{
			Name: settingAlphabet, Default: alphabetGSM7, Check: oneOf(alphabetGSM7, alphabetPacked, alphabetMixed, alphabetLatin1),
			Help: "smpp: how texts are written where UCS-2 is not needed",
		},
		{
			Name: settingDataCoding, Kind: channel.KindInt, Check: between(0, 255),
			Help: "smpp: data_coding of texts that are not in UCS-2; without it 0 for GSM-7 and 3 for Latin-1",
		},
		{
			Name: settingLong, Default: longUDH8, Check: oneOf(longUDH8, longUDH16, longSAR, longPayload),
			Help: "smpp: how a long text is sent: in parts with a header, in parts with sar_* parameters, or whole in message_payload",
		},
		{
			Name: settingServiceType, Check: shorter(6), Help: "smpp: service_type, where the SMSC wants one",
		},
		{
			Name: settingSourceTON, Kind: channel.KindInt, Check: between(0, 6),
			Help: "smpp: type of fromNumber; without it 1 for a phone number, 3 for a short code, 5 for a name",
		},
		{
			Name: settingSourceNPI, Kind: channel.KindInt, Check: between(0, 18),
			Help: "smpp: plan of fromNumber; without it 1 for a phone number, else 0",
		},
		{
			Name: settingDestTON, Kind: channel.KindInt, Default: "1", Check: between(0, 6), Help: "smpp: type of the recipient's number",
		},
		{
			Name: settingDestNPI, Kind: channel.KindInt, Default: "1", Check: between(0, 18), Help: "smpp: plan of the recipient's number",
		},
		{
			Name: settingValidity, Default: validityRelative, Check: oneOf(validityRelative, validityAbsolute, validityNone),
			Help: "smpp: how the SMSC is told when a message expires",
		},
		{
			Name: settingReceipts, Default: receiptsFinal, Check: oneOf(receiptsFinal, receiptsFailed, receiptsAll, receiptsNone),
			Help: "smpp: which receipts to ask for: final ones, those of failures, all with intermediate ones, or none",
		},
		{
			Name: settingIDFormat, Default: idSame, Check: oneOf(idSame, idHexToDec, idDecToHex),
			Help: "smpp: whether ids are written alike in answers and receipts, or hexadecimal in answers and decimal in receipts, or the reverse",
		},
		{
			Name: settingReference, Kind: channel.KindBool, Default: "false",
			Help: "smpp: send user_message_reference, by which a receipt settles a message whose answer was lost",
		},
		{
			Name: settingAccepted, Default: stateSent, Check: oneOf(stateSent, stateDelivered),
			Help: "smpp: what a receipt with the state ACCEPTD means",
		},
		{
			Name: settingUnknown, Default: stateIgnored, Check: oneOf(stateIgnored, stateFailed),
			Help: "smpp: what a receipt with the state UNKNOWN means",
		},
		{
			Name: settingStatusCodes, Check: checkStatusCodes,
			Help: `smpp: JSON object of the SMSC's own command_status values and our codes: {"0x401": "recipient_blocked"}`,
		},
	}
}

// checkSMPP checks what concerns more than one setting.
func checkSMPP(v channel.Values) error {
	for _, setting := range []string{settingSMSC, settingSystemID, settingPassword, settingFrom} {
		if v.Text(setting) == "" {
			return needs(providerSMPP, setting)
		}
	}
	if v.Text(settingDataCoding) != "" && v.Text(settingAlphabet) == alphabetMixed {
		return errors.New(settingDataCoding + " can't stand for both codings of " + settingAlphabet + " " + alphabetMixed)
	}
	if v.Text(settingLanguages) != "" && v.Text(settingAlphabet) == alphabetLatin1 {
		return errors.New(settingLanguages + " needs GSM-7, which " + settingAlphabet + " " + alphabetLatin1 + " excludes")
	}
	return nil
}

func checkHostPort(value string) error {
	host, port, err := net.SplitHostPort(value)
	if n, bad := strconv.ParseUint(port, 10, 16); err != nil || host == "" || bad != nil || n == 0 {
		return errors.New("must be a host and a port, such as smpp.example.com:2775")
	}
	return nil
}

// shorter returns a check for what SMPP writes with a final zero in so many
// octets.
func shorter(octets int) func(string) error {
	return func(value string) error {
		if len(value) >= octets || strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r > '~' }) {
			return errors.New("must be at most " + strconv.Itoa(octets-1) + " characters of ASCII")
		}
		return nil
	}
}

func between(least, most int) func(string) error {
	return func(value string) error {
		if n, err := strconv.Atoi(value); err != nil || n < least || n > most {
			return errors.New("must be between " + strconv.Itoa(least) + " and " + strconv.Itoa(most))
		}
		return nil
	}
}

func checkEnquire(value string) error {
	if d, err := time.ParseDuration(value); err != nil || d < time.Second || d > 10*time.Minute {
		return errors.New("must be between 1s and 10m")
	}
	return nil
}

func checkStatusCodes(value string) error {
	_, err := statusesOf(value)
	return err
}

// statusesOf reads the setting statusCodes.
func statusesOf(value string) (map[uint32]channel.Code, error) {
	if value == "" {
		return nil, nil
	}
	var given map[string]string
	if json.Unmarshal([]byte(value), &given) != nil {
		return nil, errors.New(`must be a JSON object such as {"0x401": "recipient_blocked"}`)
	}
	out := make(map[uint32]channel.Code, len(given))
	for key, code := range given {
		status, err := strconv.ParseUint(key, 0, 32)
		if err != nil || status == 0 {
			return nil, errors.New("names the status " + strconv.Quote(key) + "; write it as 0x401")
		}
		if _, known := channel.Rules()[channel.Code(code)]; !known {
			return nil, errors.New("gives " + key + " the code " + strconv.Quote(code) + ", which does not exist; see the page on errors")
		}
		out[uint32(status)] = channel.Code(code)
	}
	return out, nil
}
