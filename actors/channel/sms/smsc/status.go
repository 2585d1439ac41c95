package smsc

// The values of command_status that the SMSC answers with.
const (
	ok                = 0x00
	badMessageLength  = 0x01
	badLength         = 0x02
	badCommand        = 0x03
	badState          = 0x04
	alreadyBound      = 0x05
	badPriority       = 0x06
	systemError       = 0x08
	badSource         = 0x0a
	badDestination    = 0x0b
	badPassword       = 0x0e
	badSystemID       = 0x0f
	badServiceType    = 0x15
	badClass          = 0x43
	badSourceTON      = 0x48
	badSourceNPI      = 0x49
	badDestinationTON = 0x50
	badDestinationNPI = 0x51
	badReplace        = 0x54
	throttled         = 0x58
	badSchedule       = 0x61
	badValidity       = 0x62
	refusedByUs       = 0x66 // RX_R_APPN
	badOptional       = 0xc0
	optionNotAllowed  = 0xc1
	badOptionalLength = 0xc2
	optionMissing     = 0xc3
	badOptionalValue  = 0xc4
	badCoding         = 0x104
)
