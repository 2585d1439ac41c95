package gsm

// Language is a national language by its identifier in the user data header
// (TS 23.038, section 6.2.1.2.4).
type Language uint8

// The languages whose tables are here. Spanish has no locking shift table.
const (
	Default Language = iota
	Turkish
	Spanish
	Portuguese
	languages
)

// Languages returns the national languages by name.
func Languages() map[string]Language {
	return map[string]Language{"turkish": Turkish, "spanish": Spanish, "portuguese": Portuguese}
}

const escape = 0x1b

// The default alphabet and the locking shift tables, by code: section 6.2.1
// and annex A.3. The escape stands for itself.
const (
	defaultLocking = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?" +
		"¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
	turkishLocking = "@£$¥€éùıòÇ\nĞğ\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bŞşßÉ !\"#¤%&'()*+,-./0123456789:;<=>?" +
		"İABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§çabcdefghijklmnopqrstuvwxyzäöñüà"
	portugueseLocking = "@£$¥êéúíóç\nÔô\rÁáΔ_ªÇÀ∞^\\€Ó|\x1bÂâÊÉ !\"#º%&'()*+,-./0123456789:;<=>?" +
		"ÍABCDEFGHIJKLMNOPQRSTUVWXYZÃÕÚÜ§~abcdefghijklmnopqrstuvwxyzãõ`üà"
)

// The extension table and the single shift tables, as pairs of a code and its
// character: section 6.2.1.1 and annex A.2.
const (
	defaultSingle    = "\x0a\f\x14^\x28{\x29}\x2f\\\x3c[\x3d~\x3e]\x40|\x65€"
	turkishSingle    = defaultSingle + "\x47Ğ\x49İ\x53Ş\x63ç\x67ğ\x69ı\x73ş"
	spanishSingle    = defaultSingle + "\x09ç\x41Á\x49Í\x4fÓ\x55Ú\x61á\x69í\x6fó\x75ú"
	portugueseSingle = defaultSingle + "\x05ê\x09ç\x0bÔ\x0cô\x0eÁ\x0fá\x12Φ\x13Γ\x15Ω\x16Π\x17Ψ\x18Σ\x19Θ\x1fÊ" +
		"\x41À\x49Í\x4fÓ\x55Ú\x5bÃ\x5cÕ\x61Â\x69í\x6fó\x75ú\x7bã\x7cõ\x7fâ"
)

var (
	locking = [languages]*table{
		Default: lockingTable(defaultLocking), Turkish: lockingTable(turkishLocking), Portuguese: lockingTable(portugueseLocking),
	}
	single = [languages]*table{
		Default: singleTable(defaultSingle), Turkish: singleTable(turkishSingle),
		Spanish: singleTable(spanishSingle), Portuguese: singleTable(portugueseSingle),
	}
)

// widths are how many septets a character takes in a pair of tables.
type widths struct {
	low  [256]uint8
	high map[rune]uint8
}

// pairs are the widths in each locking and single shift table.
var pairs = makePairs()

func makePairs() (out [languages][languages]*widths) {
	for i, lock := range locking {
		for j, shift := range single {
			if lock == nil {
				continue
			}
			w := &widths{high: map[rune]uint8{}}
			for _, r := range shift.runes {
				w.set(r, 2)
			}
			for _, r := range lock.runes { // what both have is written the short way
				w.set(r, 1)
			}
			out[i][j] = w
		}
	}
	return out
}

// set notes the width of r; 0 stands for no character.
func (w *widths) set(r rune, septets uint8) {
	switch {
	case r == 0:
	case r < 256:
		w.low[r] = septets
	default:
		w.high[r] = septets
	}
}

func (w *widths) of(r rune) int {
	if uint32(r) < 256 {
		return int(w.low[r])
	}
	return int(w.high[r])
}

// table is one table of the standard, both ways. It is not changed once made.
type table struct {
	runes [128]rune  // by code; 0: none
	low   [256]uint8 // by character, the code and one; 0: none
	high  map[rune]uint8
}

func lockingTable(text string) *table {
	t, code := &table{high: map[rune]uint8{}}, 0
	for _, r := range text {
		if r != escape {
			t.add(uint8(code), r)
		}
		code++
	}
	return t
}

func singleTable(pairs string) *table {
	t, code := &table{high: map[rune]uint8{}}, rune(-1)
	for _, r := range pairs {
		if code < 0 {
			code = r
			continue
		}
		t.add(uint8(code), r)
		code = -1
	}
	return t
}

func (t *table) add(code uint8, r rune) {
	t.runes[code] = r
	if r < 256 {
		t.low[r] = code + 1
	} else {
		t.high[r] = code + 1
	}
}

// code returns the code of r.
func (t *table) code(r rune) (code uint8, ok bool) {
	if uint32(r) < 256 {
		code = t.low[r]
	} else {
		code = t.high[r]
	}
	return code - 1, code != 0
}
