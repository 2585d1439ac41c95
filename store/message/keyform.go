package message

import (
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"hash/crc32"
)

// The form of a key: prefix, random part, checksum of all that precedes.
const (
	KeyPrefixLive = "cpk_live_"
	KeyPrefixTest = "cpk_test_"

	keyRandom   = 32 // base62 digits: 190 bits
	keyChecksum = 6  // base62 digits: CRC-32, most significant first

	// KeyLength is the length of every key.
	KeyLength = len(KeyPrefixLive) + keyRandom + keyChecksum
)

const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// What is wrong with text that can't be a key.
var (
	// ErrKeyForm: not the prefix, length or alphabet of a key.
	ErrKeyForm = errors.New("not of the form of a key")
	// ErrKeyChecksum: the form of a key, but mistyped or cut.
	ErrKeyChecksum = errors.New("checksum of the key does not match")
)

// NewKey draws a key. The secret is shown once and never stored; the Key has
// what can be kept of it, and the caller fills in the rest.
func NewKey(test bool) (secret string, key Key) {
	b := make([]byte, 0, KeyLength)
	b = append(b, keyPrefix(test)...)
	b = appendRandom62(b, keyRandom)
	b = appendChecksum(b, b)
	key = Key{Hash: sha256.Sum256(b), Test: test, Last4: string(b[KeyLength-4:])}
	// The id is not secret, but it must not repeat.
	rand.Read(key.ID[:]) // never fails: crypto/rand aborts the process instead
	return string(b), key
}

// ParseKeyForm checks, without any look-up, that secret could be a key, and
// says of which kind. It allocates nothing and keeps nothing.
func ParseKeyForm(secret []byte) (test bool, err error) {
	if len(secret) != KeyLength {
		return false, ErrKeyForm
	}
	switch string(secret[:len(KeyPrefixLive)]) {
	case KeyPrefixLive:
	case KeyPrefixTest:
		test = true
	default:
		return false, ErrKeyForm
	}
	for _, c := range secret[len(KeyPrefixLive):] {
		if !isBase62(c) {
			return false, ErrKeyForm
		}
	}
	const body = KeyLength - keyChecksum
	var sum [keyChecksum]byte
	if string(appendChecksum(sum[:0], secret[:body])) != string(secret[body:]) {
		return false, ErrKeyChecksum
	}
	return test, nil
}

func keyPrefix(test bool) string {
	if test {
		return KeyPrefixTest
	}
	return KeyPrefixLive
}

// appendRandom62 appends n digits, each of the 62 equally likely.
func appendRandom62(dst []byte, n int) []byte {
	const fair = 256 - 256%len(base62) // bytes from here on would favour some digits
	var pool [64]byte
	for want := len(dst) + n; len(dst) < want; {
		rand.Read(pool[:])
		for _, c := range pool {
			if int(c) < fair && len(dst) < want {
				dst = append(dst, base62[int(c)%len(base62)])
			}
		}
	}
	return dst
}

// appendChecksum appends the checksum of covered to dst.
func appendChecksum(dst, covered []byte) []byte {
	sum := crc32.ChecksumIEEE(covered)
	var digits [keyChecksum]byte
	for i := keyChecksum - 1; i >= 0; i-- {
		digits[i] = base62[sum%uint32(len(base62))]
		sum /= uint32(len(base62))
	}
	return append(dst, digits[:]...)
}

// isBase62 looks c up in two words of bits: the digits of a key are random,
// and a branch on them would be guessed wrong half of the time.
func isBase62(c byte) bool {
	const digits, letters = 0x03ff << '0', 0x07fffffe_07fffffe
	word := uint64(digits)
	if c&64 != 0 {
		word = letters
	}
	return word>>(c&63)&1 != 0 && c < 128
}
