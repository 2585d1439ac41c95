package relay

// number reads a number and returns it as it is written.
func (s *scanner) number() string {
	if s.wrong != "" {
		return ""
	}
	start, i := s.i, s.i
	if s.byteAt(i) == '-' {
		i++
	}
	whole := s.digits(i)
	if whole == 0 || whole > 1 && s.b[i] == '0' {
		s.fail("a number is not written as JSON wants it")
		return ""
	}
	i += whole
	if s.byteAt(i) == '.' {
		n := s.digits(i + 1)
		if n == 0 {
			s.fail("a number is not written as JSON wants it")
			return ""
		}
		i += 1 + n
	}
	if c := s.byteAt(i); c == 'e' || c == 'E' {
		i++
		if c := s.byteAt(i); c == '+' || c == '-' {
			i++
		}
		n := s.digits(i)
		if n == 0 {
			s.fail("a number is not written as JSON wants it")
			return ""
		}
		i += n
	}
	s.i = i
	return borrow(s.b[start:i])
}

// byteAt returns the byte at i, or 0 behind the end.
func (s *scanner) byteAt(i int) byte {
	if i < len(s.b) {
		return s.b[i]
	}
	return 0
}

// digits counts the digits that begin at i.
func (s *scanner) digits(i int) int {
	n := 0
	for i+n < len(s.b) && isDigit(s.b[i+n]) {
		n++
	}
	return n
}

// literal reads true, false or null.
func (s *scanner) literal() string {
	if s.wrong != "" {
		return ""
	}
	for _, word := range [...]string{"true", "false", "null"} {
		if end := s.i + len(word); end <= len(s.b) && string(s.b[s.i:end]) == word {
			s.i = end
			return word
		}
	}
	s.fail("a value should begin here")
	return ""
}

// skip reads a value of any kind and forgets it.
func (s *scanner) skip() {
	switch s.peek() {
	case kindString:
		s.str()
	case kindNumber:
		s.number()
	case kindBool, kindNull:
		s.literal()
	case kindArray:
		s.open()
		for s.more(']') {
			s.skip()
		}
	case kindObject:
		s.open()
		for s.more('}') {
			s.name()
			s.skip()
		}
	}
}

// end reads the white space after the value; there may be nothing else.
func (s *scanner) end() {
	s.space()
	if s.i < len(s.b) {
		s.fail("there is text after the end of the object")
	}
}

// skipRest reads what is left of an object and forgets it.
func (s *scanner) skipRest() {
	for s.more('}') {
		s.name()
		s.skip()
	}
}
