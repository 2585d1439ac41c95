// Package gsm writes texts into short messages: it chooses a coding, counts
// the parts, and makes their octets. The tables and the rules are those of
// 3GPP TS 23.038 (characters) and TS 23.040, section 9.2.3.24 (user data
// headers).
//
// An [Encoder] says what may be used. [Encoder.Measure] counts without
// allocating; [Encoder.Encode] makes the parts. Both agree.
package gsm
