package whatsapp

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"messagehub/store/message"
)

// maxButton is the highest index of a template's button.
const maxButton = 9

// params are a template's parameters by where they go.
type params struct {
	named   bool // body and header parameters carry their names
	body    []message.Param
	header  *message.Param
	buttons []buttonParam
}

// buttonParam is the parameter of one button.
type buttonParam struct {
	index         int
	subType, text string
}

// sortParams sorts a step's parameters by where they go. Its errors follow
// the word "templateParams".
func sortParams(given []message.Param, format string) (params, error) {
	var p params
	for _, g := range given {
		head, rest, _ := strings.Cut(g.Name, ".")
		switch head {
		case "button":
			b, err := parseButton(rest, g.Value)
			if err != nil {
				return params{}, fmt.Errorf("has %q: %w", g.Name, err)
			}
			p.buttons = append(p.buttons, b)
		case "header":
			if p.header != nil {
				return params{}, errors.New("has two texts for the header, which takes one")
			}
			p.header = &message.Param{Name: rest, Value: g.Value}
		default:
			p.body = append(p.body, g)
		}
	}
	slices.SortStableFunc(p.buttons, func(a, b buttonParam) int { return a.index - b.index })
	for i := 1; i < len(p.buttons); i++ {
		if p.buttons[i].index == p.buttons[i-1].index {
			return params{}, fmt.Errorf("has two values for button %d", p.buttons[i].index)
		}
	}
	if err := p.order(format); err != nil {
		return params{}, err
	}
	if p.named && p.header != nil && p.header.Name == "" {
		return params{}, errors.New(`has a text for the header without its name: the others have names, so write "header.<name>"`)
	}
	return p, nil
}

func parseButton(name, value string) (buttonParam, error) {
	digits, subType, _ := strings.Cut(name, ".")
	index, err := strconv.Atoi(digits)
	if err != nil || index < 0 || index > maxButton || digits != strconv.Itoa(index) {
		return buttonParam{}, errors.New("a button's index is 0 to 9")
	}
	switch subType {
	case "":
		subType = "url"
	case "url", "quick_reply", "copy_code":
	default:
		return buttonParam{}, errors.New("a button is url, quick_reply or copy_code")
	}
	return buttonParam{index, subType, value}, nil
}

// order decides between positional and named, and puts numbered parameters
// in their order.
func (p *params) order(format string) error {
	numbers := 0
	for _, b := range p.body {
		if number(b.Name) > 0 {
			numbers++
		}
	}
	all := numbers == len(p.body)
	switch {
	case format == formatNamed:
		p.named = true
		return nil
	case format == formatAuto && numbers == 0 && len(p.body) > 0:
		p.named = true
		return nil
	case format == formatAuto && len(p.body) == 0:
		p.named = p.header != nil && p.header.Name != "" && number(p.header.Name) == 0
		return nil
	case !all && numbers > 0:
		return errors.New("mixes numbers and names")
	case !all:
		return nil // positional in the order in which they were written
	}
	slices.SortStableFunc(p.body, func(a, b message.Param) int { return number(a.Name) - number(b.Name) })
	for i, b := range p.body {
		if number(b.Name) != i+1 {
			return fmt.Errorf("has no %d of %d", i+1, len(p.body))
		}
	}
	return nil
}

// number returns the number that name is, or 0.
func number(name string) int {
	n, err := strconv.Atoi(name)
	if err != nil || n < 1 || n > 1000 || strconv.Itoa(n) != name {
		return 0
	}
	return n
}
