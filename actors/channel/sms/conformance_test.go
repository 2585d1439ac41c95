package sms

import (
	"testing"

	"messagehub/actors/channel/channeltest"
)

func TestConformanceOfTwilio(t *testing.T) { channeltest.Run(t, twilioNumberCase()) }

func TestConformanceOfAMessagingService(t *testing.T) { channeltest.Run(t, twilioServiceCase()) }

func FuzzTwilioAnswer(f *testing.F) { channeltest.FuzzAnswer(f, twilioNumberCase()) }

func FuzzTwilioReceipts(f *testing.F) { channeltest.FuzzReceipts(f, twilioNumberCase()) }

func TestConformanceOfAFormGateway(t *testing.T) { channeltest.Run(t, formCase()) }

func TestConformanceOfAJSONGateway(t *testing.T) { channeltest.Run(t, jsonCase()) }

func TestConformanceOfOwnReceipts(t *testing.T) { channeltest.Run(t, ownCase()) }

func TestConformanceOfKannel(t *testing.T) { channeltest.Run(t, kannelCase()) }

func TestConformanceOfInfobip(t *testing.T) { channeltest.Run(t, infobipCase()) }

func FuzzInfobipReceipts(f *testing.F) { channeltest.FuzzReceipts(f, infobipCase()) }

func FuzzFormAnswer(f *testing.F) { channeltest.FuzzAnswer(f, formCase()) }

func FuzzFormReceipts(f *testing.F) { channeltest.FuzzReceipts(f, formCase()) }

func FuzzJSONAnswer(f *testing.F) { channeltest.FuzzAnswer(f, jsonCase()) }

func FuzzJSONReceipts(f *testing.F) { channeltest.FuzzReceipts(f, jsonCase()) }

func FuzzOwnReceipts(f *testing.F) { channeltest.FuzzReceipts(f, ownCase()) }
