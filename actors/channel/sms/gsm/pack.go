package gsm

// Pack packs septets, eight into seven octets, as they follow a user data
// header of so many octets: bits fill the header up to a septet first.
func Pack(septets []byte, header int) []byte {
	fill := filling(header)
	out := make([]byte, (fill+7*len(septets)+7)/8)
	for i, c := range septets {
		at := fill + 7*i
		wide := uint16(c&0x7f) << (at % 8)
		out[at/8] |= byte(wide)
		if wide > 0xff {
			out[at/8+1] |= byte(wide >> 8)
		}
	}
	return out
}

// Unpack returns n septets of what Pack has packed; fewer if there are not so
// many.
func Unpack(packed []byte, header, n int) []byte {
	fill := filling(header)
	out := make([]byte, max(0, min(n, (8*len(packed)-fill)/7)))
	for i := range out {
		at := fill + 7*i
		wide := uint16(packed[at/8])
		if at/8+1 < len(packed) {
			wide |= uint16(packed[at/8+1]) << 8
		}
		out[i] = byte(wide>>(at%8)) & 0x7f
	}
	return out
}

// filling returns how many bits come between a header and the septets.
func filling(header int) int { return (7 - 8*header%7) % 7 }
