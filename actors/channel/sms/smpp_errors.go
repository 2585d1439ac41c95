package sms

import (
	"errors"
	"fmt"

	"messagehub/actors/channel"
	"messagehub/actors/channel/sms/smpp"
)

// failed makes the contract's error of one of the session's.
func (a *smppAdapter) failed(err error) *channel.Error {
	var refused *smpp.Refused
	var notSent *smpp.NotSent
	var unknown *smpp.Unknown
	switch {
	case errors.As(err, &refused):
		return a.refused(refused)
	case errors.As(err, &notSent):
		return channel.Failed(channel.ConnectionFailed, "", channel.Describe(notSent.Cause))
	case errors.As(err, &unknown):
		return channel.Failed(channel.OutcomeUnknown, "", channel.Describe(unknown.Cause))
	}
	return channel.Failed(channel.ContentRejected, "", "SMPP can't carry the message")
}

func (a *smppAdapter) refused(r *smpp.Refused) *channel.Error {
	code, own := a.statuses[r.Status]
	switch {
	case own:
	case r.Bind:
		code = bindRefusal(r.Status)
	default:
		code = smppRefusal(r.Status)
	}
	e := channel.Failed(code, fmt.Sprintf("0x%02X", r.Status), smppMeaning(r))
	e.RetryAfter = r.Pause
	return e
}

func smppMeaning(r *smpp.Refused) string {
	if r.Bind {
		return "the SMSC refused the bind"
	}
	return ""
}

// bindRefusal returns the contract's code for a command_status of a bind. An
// account that counts as bound still (05) is one that a lost connection has
// left behind: it passes.
func bindRefusal(status uint32) channel.Code {
	switch status {
	case 0x0d, 0x0e, 0x0f, 0x53:
		return channel.BadCredentials
	case 0x14, 0x58:
		return channel.RateLimited
	}
	return channel.ProviderUnavailable
}

// smppRefusal returns the contract's code for a command_status that answers a
// submit_sm: SMPP 3.4, section 5.1.3, and 5.0, section 4.7.6, for those from
// 0x100.
func smppRefusal(status uint32) channel.Code {
	switch status {
	case 0x14, 0x58: // RMSGQFUL, RTHROTTLED
		return channel.RateLimited
	case 0x08, 0x45, 0xfe, 0xff: // RSYSERR, RSUBMITFAIL, RDELIVERYFAILURE, RUNKNOWNERR
		return channel.ProviderError
	case 0x04, 0x64, 0x102: // RINVBNDSTS (it is bound anew), RX_T_APPN, service not available
		return channel.ProviderUnavailable
	case 0x0b, 0x50, 0x51: // RINVDSTADR, RINVDSTTON, RINVDSTNPI
		return channel.InvalidRecipient
	case 0x65: // RX_P_APPN
		return channel.NotOnChannel
	case 0x66, 0x101: // RX_R_APPN, prohibited
		return channel.Restricted
	case 0x01: // RINVMSGLEN
		return channel.ContentTooLong
	}
	return smppRefusalOfForm(status)
}

func smppRefusalOfForm(status uint32) channel.Code {
	switch status {
	case 0x06, 0x07, 0x15, 0x42, 0x43, 0x54, 0x61, 0x62, 0x63, 0x104, 0xc0, 0xc1, 0xc2, 0xc3, 0xc4:
		return channel.ContentRejected
	case 0x02, 0x03, 0x05, 0x0a, 0x48, 0x49, 0x53, 0x100, 0x103:
		return channel.SenderMisconfigured
	case 0x0d, 0x0e, 0x0f:
		return channel.BadCredentials
	}
	// Of another operation (0C, 11, 13, 33, 34, 40, 44, 55, 67), of the SMSC's own
	// (0x400 to 0x4FF), or of no document.
	return channel.ProviderError
}
