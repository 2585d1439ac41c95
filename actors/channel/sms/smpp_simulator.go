package sms

import (
	"messagehub/actors/channel"
	"messagehub/actors/channel/sim"
	"messagehub/actors/channel/sms/smsc"
)

// newSMPPSimulator makes an SMSC that writes as the sender expects it.
func newSMPPSimulator(w *sim.World, s channel.Sender) sim.Provider {
	v := s.Settings
	o := smsc.Options{
		Channel: name, Address: v.Text(settingSMSC), SystemID: v.Text(settingSystemID), Password: v.Text(settingPassword),
	}
	switch v.Text(settingAlphabet) {
	case alphabetPacked:
		o.Alphabet = smsc.PackedGSM
	case alphabetLatin1:
		o.Alphabet = smsc.Latin1
	}
	switch v.Text(settingIDFormat) {
	case idHexToDec:
		o.HexAnswers = true
	case idDecToHex:
		o.HexReceipts = true
	default:
		o.HexAnswers, o.HexReceipts = true, true
	}
	return smsc.New(w, o)
}
