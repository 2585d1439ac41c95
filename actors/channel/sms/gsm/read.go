package gsm

// Header is what a user data header says, as far as it is about text.
type Header struct {
	// Reference, Total and Number say which part of which text this is; Total is
	// 0 for a lone one.
	Reference, Total, Number int
	// Locking and Single are the tables of the septets.
	Locking, Single Language
}

// ReadHeader reads a user data header, its length octet included. What it does
// not know, or what is cut off, is passed over.
func ReadHeader(b []byte) (h Header) {
	if len(b) == 0 {
		return h
	}
	for rest := b[1:]; len(rest) >= 2 && len(rest) >= 2+int(rest[1]); rest = rest[2+int(rest[1]):] {
		h.element(rest[0], rest[2:2+int(rest[1])])
	}
	if h.Number < 1 || h.Number > h.Total {
		h.Reference, h.Total, h.Number = 0, 0, 0
	}
	return h
}

func (h *Header) element(id byte, value []byte) {
	switch {
	case id == elementParts && len(value) == 3:
		h.Reference, h.Total, h.Number = int(value[0]), int(value[1]), int(value[2])
	case id == elementPartsWide && len(value) == 4:
		h.Reference, h.Total, h.Number = int(value[0])<<8|int(value[1]), int(value[2]), int(value[3])
	case id == elementSingle && len(value) == 1 && Language(value[0]) < languages:
		h.Single = Language(value[0])
	case id == elementLocking && len(value) == 1 && Language(value[0]) < languages && locking[value[0]] != nil:
		h.Locking = Language(value[0])
	}
}
