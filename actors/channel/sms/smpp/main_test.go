package smpp

import (
	"testing"

	"messagehub/actors/channel/channeltest"
)

func TestMain(m *testing.M) { channeltest.Main(m) }
