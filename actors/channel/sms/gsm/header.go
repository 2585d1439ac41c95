package gsm

// Information elements of a user data header (TS 23.040, section 9.2.3.24).
const (
	elementParts     = 0x00 // reference, total and number, an octet each
	elementPartsWide = 0x08 // the same, with a reference of two octets
	elementSingle    = 0x24
	elementLocking   = 0x25
)

// shiftHeader returns the length of [Form.ShiftHeader].
func (f *Form) shiftHeader() int {
	n := 0
	if f.Single != Default {
		n += 3
	}
	if f.Locking != Default {
		n += 3
	}
	if n > 0 {
		n++ // the length octet
	}
	return n
}

// partHeader returns the length of the header of one part of several.
func (f *Form) partHeader() int {
	n := max(f.shiftHeader(), 1) + 5
	if f.wide {
		n++
	}
	return n
}

// ShiftHeader returns the header that names the national tables alone, as a
// lone short message has it, or one whose number is told elsewhere; nil if
// there is nothing to name.
func (f Form) ShiftHeader() []byte {
	n := f.shiftHeader()
	if n == 0 {
		return nil
	}
	return f.appendShift(append(make([]byte, 0, n), byte(n-1)))
}

// Header returns the header of a part, the first of which has the number 1;
// nil if there is none.
func (f Form) Header(reference uint16, number int) []byte {
	if f.Parts <= 1 {
		return f.ShiftHeader()
	}
	n := f.partHeader()
	b := append(make([]byte, 0, n), byte(n-1))
	if f.wide {
		b = append(b, elementPartsWide, 4, byte(reference>>8), byte(reference))
	} else {
		b = append(b, elementParts, 3, byte(reference))
	}
	return f.appendShift(append(b, byte(f.Parts), byte(number)))
}

func (f *Form) appendShift(b []byte) []byte {
	if f.Single != Default {
		b = append(b, elementSingle, 1, byte(f.Single))
	}
	if f.Locking != Default {
		b = append(b, elementLocking, 1, byte(f.Locking))
	}
	return b
}
