package whatsapp

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

var (
	simTemplateName = regexp.MustCompile(`^[a-z0-9_]{1,512}$`)
	simLanguage     = regexp.MustCompile(`^[a-z]{2,3}(_[A-Z][A-Za-z]{1,3})?$`)
	simIndex        = regexp.MustCompile(`^[0-9]$`)
)

// simStored is a template as it was created at Meta.
type simStored struct {
	header  string   // "", or the type of its parameter
	count   int      // positional parameters of the body
	names   []string // or named ones
	buttons []string // sub type by index; "" takes no parameter
	fault   *simFault
}

// simTemplates are the templates that the simulated account has. Any other
// name is taken with whatever parameters it comes with.
func simTemplates(name string) (simStored, bool) {
	switch name {
	case "hello_world":
		return simStored{}, true
	case "order_update":
		return simStored{header: "image", count: 2, buttons: []string{"url", "quick_reply"}}, true
	case "order_named":
		return simStored{header: "text", names: []string{"first_name", "order"}}, true
	case "login_code":
		return simStored{count: 1, buttons: []string{"url"}}, true
	case "sim_missing":
		return simStored{fault: &simFault{code: 132001, message: "Template name does not exist in the translation", details: "template name (sim_missing) does not exist in this language."}}, true
	case "sim_paused":
		return simStored{fault: &simFault{code: 132015, message: "Template is paused", details: "The template is paused because of low quality."}}, true
	case "sim_disabled":
		return simStored{fault: &simFault{code: 132016, message: "Template is disabled", details: "The template was paused too often and is disabled."}}, true
	}
	return simStored{}, false
}

func simCount(details string) *simFault {
	return &simFault{code: 132000, message: "Number of parameters does not match the expected number of params", details: details}
}

func simFormat(details string) *simFault {
	return &simFault{code: 132012, message: "Parameter format does not match format in the created template", details: details}
}

func (t *simTemplate) check() *simFault {
	switch {
	case t.Name == "":
		return simMissing("template.name")
	case t.Language == nil || t.Language.Code == "":
		return simMissing("template.language.code")
	case !simTemplateName.MatchString(t.Name):
		return simBadValue("template.name is not a template's name.")
	case !simLanguage.MatchString(t.Language.Code):
		return simBadValue("template.language.code is not a language.")
	case t.Language.Policy != "" && t.Language.Policy != "deterministic":
		return simBadValue("template.language.policy is not deterministic.")
	}
	seen := make(map[string]bool)
	for i := range t.Components {
		c := &t.Components[i]
		key := c.Type + c.Index
		if seen[key] {
			return simInvalid("Component " + key + " appears twice")
		}
		seen[key] = true
		if fault := c.check(); fault != nil {
			return fault
		}
	}
	if fault := t.checkNames(); fault != nil {
		return fault
	}
	if stored, ok := simTemplates(t.Name); ok {
		return stored.fits(t.Components)
	}
	return nil
}

// checkNames wants all texts of header and body to have names, or none.
func (t *simTemplate) checkNames() *simFault {
	named, texts := 0, 0
	for i := range t.Components {
		for _, p := range t.Components[i].Parameters {
			if t.Components[i].Type == "button" || p.Type != "text" {
				continue
			}
			if texts++; p.Name != "" {
				named++
			}
		}
	}
	if named != 0 && named != texts {
		return simFormat("all parameters need a parameter_name, or none")
	}
	return nil
}

func (c *simComponent) check() *simFault {
	switch c.Type {
	case "header":
		if len(c.Parameters) != 1 {
			return simCount("header: one parameter is expected")
		}
	case "body":
	case "button":
		if !slices.Contains([]string{"quick_reply", "url", "catalog", "copy_code"}, c.SubType) {
			return simBadValue("button.sub_type is not known.")
		}
		if !simIndex.MatchString(c.Index) {
			return simBadValue("button.index is not 0 to 9.")
		}
	default:
		return simBadValue("components.type is not header, body or button.")
	}
	if c.Type != "button" && (c.SubType != "" || c.Index != "") {
		return simInvalid("Unexpected key \"sub_type\" on param \"" + c.Type + "\"")
	}
	for i := range c.Parameters {
		if fault := c.checkParameter(&c.Parameters[i]); fault != nil {
			return fault
		}
	}
	return nil
}

// checkParameter checks that p has what its type names and nothing else.
func (c *simComponent) checkParameter(p *simParameter) *simFault {
	want := map[string]bool{
		"text": p.Text != nil, "payload": p.Payload != nil, "coupon_code": p.CouponCode != nil,
		"image": p.Image != nil, "video": p.Video != nil, "document": p.Document != nil,
	}
	has, known := want[p.Type]
	switch {
	case !known:
		return simBadValue("parameter type is not known.")
	case !has:
		return simMissing(p.Type)
	case p.Text != nil && *p.Text == "", p.Payload != nil && *p.Payload == "":
		return simMissing(p.Type)
	}
	for kind, present := range want {
		if present && kind != p.Type {
			return simInvalid("Unexpected key \"" + kind + "\" on a parameter of type " + p.Type)
		}
	}
	allowed := map[string][]string{"header": {"text", "image", "video", "document"}, "body": {"text"}, "button": {"text", "payload", "coupon_code"}}
	if !slices.Contains(allowed[c.Type], p.Type) {
		return simFormat(c.Type + ": a parameter of type " + p.Type + " is not expected")
	}
	return p.checkMedium()
}

func (p *simParameter) checkMedium() *simFault {
	for _, m := range []*simMedium{p.Image, p.Video, p.Document} {
		switch {
		case m == nil:
		case m.Caption != "":
			return simInvalid("Unexpected key \"caption\" on a template's medium")
		default:
			return m.check(p.Type)
		}
	}
	return nil
}

// fits compares the components of a send with the stored template.
func (s *simStored) fits(components []simComponent) *simFault {
	if s.fault != nil {
		return s.fault
	}
	header, count, buttons := "", 0, 0
	for i := range components {
		c := &components[i]
		switch c.Type {
		case "header":
			header = c.Parameters[0].Type
		case "body":
			count = len(c.Parameters)
			if fault := s.fitsNames(c.Parameters); fault != nil {
				return fault
			}
		case "button":
			buttons++
			index := int(c.Index[0] - '0')
			if index >= len(s.buttons) || s.buttons[index] != c.SubType {
				return simFormat("button: no button of this sub_type at index " + c.Index)
			}
		}
	}
	switch {
	case header != s.header:
		return simFormat(fmt.Sprintf("header: Format mismatch, expected %s, received %s", simWord(s.header), simWord(header)))
	case count != max(s.count, len(s.names)):
		return simCount(fmt.Sprintf("body: number of localizable_params (%d) does not match the expected number of params (%d)", count, max(s.count, len(s.names))))
	case buttons != len(s.buttons):
		return simCount("buttons: a parameter is missing")
	}
	return nil
}

func (s *simStored) fitsNames(given []simParameter) *simFault {
	for _, p := range given {
		if (p.Name != "") != (len(s.names) > 0) || (p.Name != "" && !slices.Contains(s.names, p.Name)) {
			return simFormat("body: parameter_name is not as in the template")
		}
	}
	return nil
}

func simWord(kind string) string {
	if kind == "" {
		return "NONE"
	}
	return strings.ToUpper(kind)
}
