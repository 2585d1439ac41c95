package sms

import (
	"testing"

	"messagehub/actors/channel/channeltest"
)

func TestConformanceOfTwilio(t *testing.T) { channeltest.Run(t, twilioNumberCase()) }

func TestConformanceOfAMessagingService(t *testing.T) { channeltest.Run(t, twilioServiceCase()) }

func FuzzTwilioAnswer(f *testing.F) { channeltest.FuzzAnswer(f, twilioNumberCase()) }

func FuzzTwilioReceipts(f *testing.F) { channeltest.FuzzReceipts(f, twilioNumberCase()) }
