package relay

import (
	"strconv"
	"strings"

	"messagehub/relay/phone"
	"messagehub/store/message"
)

// recipients reads the recipients that the request brings itself.
func (d *distributionDraft) recipients() {
	s := &d.scan
	if s.peek() != kindArray {
		d.mistyped("recipients", "an array of recipients")
		return
	}
	s.open()
	for i := 0; s.more(']'); i++ {
		d.brought++
		if i >= message.MaxRecipients || len(d.faults) >= maxFaults {
			s.skip()
			continue
		}
		d.recipient(i)
	}
	if s.wrong == "" && d.brought > message.MaxRecipients {
		d.wrong("recipients", BatchTooLarge, "recipients has "+strconv.Itoa(d.brought)+" recipients; there may be "+
			strconv.Itoa(message.MaxRecipients)+": use contacts and an audience for more.")
	}
}

// recipient reads one of them. What it is made of must be right; a value that is
// wrong makes it invalid, and the others go on.
func (d *distributionDraft) recipient(i int) {
	path := "recipients[" + strconv.Itoa(i) + "]"
	p := message.Addressee{Index: i}
	refused, named := message.InvalidRecipient{Index: i}, false
	refuse := func(code Code, param string) {
		if refused.Code == "" {
			refused.Code, refused.Param = string(code), param
		}
	}
	before := len(d.faults)
	d.object(path, []string{"contactId", "to", "params"}, func(name string) {
		param := path + "." + name
		switch name {
		case "contactId":
			text, ok := d.text(param)
			id, err := message.ParseID(message.PrefixContact, text)
			if named = true; ok && err != nil {
				refuse(UnknownContact, "contactId")
			}
			p.Contact = id
		case "to":
			named = true
			d.object(param, nil, func(channel string) { d.address(param, channel, &p, refuse) })
		case "params":
			d.params(param, &p)
		}
	})
	switch {
	case d.scan.wrong != "" || len(d.faults) > before:
	case !named || p.Contact.IsZero() && len(p.To) == 0 && refused.Code == "":
		d.wrong(path, MissingParameter, path+" has neither contactId nor an address in to.")
	case refused.Code != "":
		refused.Contact = p.Contact
		d.refused++
		d.refuseAs([]message.InvalidRecipient{refused})
	default:
		d.request.Recipients = append(d.request.Recipients, p)
	}
}

// address reads the recipient's address on a channel.
func (d *distributionDraft) address(path, channel string, p *message.Addressee, refuse func(Code, string)) {
	param := path + "." + shorten(channel)
	value, ok := d.text(param)
	c := d.carrier(channel)
	switch {
	case !ok:
		return
	case c == nil:
		d.unlisted(param, UnsupportedChan, channel, d.reader.names())
		return
	case len(p.To) == len(d.carriers) || len(value) > maxAddress:
		refuse(InvalidRecipient, "to."+channel)
		return
	}
	value, code := c.addressOf(value, d.key.Test)
	if code != "" {
		refuse(code, "to."+c.Name)
		return
	}
	p.To = append(p.To, message.Identity{Channel: c.Name, Address: value})
}

// addressOf returns an address as it is kept, or why it is none of the channel.
func (c *carrier) addressOf(value string, test bool) (string, Code) {
	if strings.HasPrefix(value, reservedPrefix) {
		if !test {
			return "", TestRecipient
		}
		return value, ""
	}
	value = c.plainAddress(value)
	if c.Phone && !phone.Possible(value) {
		if e164, ok := phone.Normal(value); ok {
			value = e164
		}
		if phone.Check(value) != nil {
			return "", InvalidRecipient
		}
	}
	if value == "" || c.CheckRecipient(value) != nil {
		return "", InvalidRecipient
	}
	return value, ""
}

// params reads what stands for the parameters of the content.
func (d *distributionDraft) params(path string, p *message.Addressee) {
	many := false
	d.object(path, nil, func(name string) {
		param := path + "." + shorten(name)
		s := &d.scan
		var value string
		switch s.peek() {
		case kindString:
			value = s.str()
		case kindNumber:
			value = s.number()
		case kindBool:
			value = s.literal()
		default:
			d.mistyped(param, "a string, a number or a boolean")
			return
		}
		switch {
		case len(value) > maxParamValue:
			d.wrong(param, InvalidParameter, param+" is longer than "+strconv.Itoa(maxParamValue)+" bytes.")
		case len(p.Params) == maxParams && !many:
			many = true
			d.wrong(path, InvalidParameter, path+" has more than "+strconv.Itoa(maxParams)+" values.")
		case !many:
			p.Params = append(p.Params, message.Param{Name: name, Value: value})
		}
	})
}

func (d *distributionDraft) carrier(name string) *carrier {
	for i := range d.carriers {
		if c := &d.carriers[i]; c.Name == name {
			return c
		}
	}
	return nil
}
