package channeltest

import "testing"

// Run checks the case against the contract.
func Run(t *testing.T, c Case) {
	t.Run("spec", c.spec)
	t.Run("recipients", c.recipients)
	t.Run("contents", c.contents)
	t.Run("sends", c.sends)
	t.Run("refusals", c.refusals)
	t.Run("garbage", c.garbage)
	t.Run("connection", c.connection)
	t.Run("callbacks", c.callbacks)
	t.Run("simulator", c.simulated)
	t.Run("concurrent", c.concurrent)
	t.Run("probe", c.probe)
}
