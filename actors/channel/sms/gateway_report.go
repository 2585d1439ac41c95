package sms

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"messagehub/actors/channel"
	"messagehub/store/message"
	"messagehub/store/message/json"
)

// gatewayReports reads a gateway's receipts.
type gatewayReports struct {
	format            string
	list              []string // pointer; nil: a receipt comes alone
	id, status, error string
	statuses          map[string]verdict // by the status in lower case
	codes             map[string]string
}

func newGatewayReports(v channel.Values) (gatewayReports, error) {
	g := gatewayReports{
		format: v.Text(settingReceiptFormat), id: v.Text(settingReceiptID), status: v.Text(settingReceiptStatus),
		error: v.Text(settingReceiptError), codes: v.Map(settingCodes), statuses: map[string]verdict{},
	}
	if g.format == "" {
		g.format = receiptForm
	}
	for name, word := range v.Map(settingReceiptStatuses) {
		g.statuses[strings.ToLower(name)], _ = verdictOf(word)
	}
	if list := v.Text(settingReceiptList); list != "" {
		g.list = parsePointer(list)
	}
	if v.Text(settingReceiptAuth) == "" || g.format == receiptOwn {
		return g, nil
	}
	for _, setting := range []string{settingReceiptID, settingReceiptStatus, settingReceiptStatuses} {
		if v.Text(setting) == "" {
			return g, wants(settingReceiptFormat+" "+g.format, setting)
		}
	}
	if g.format == receiptJSON {
		for _, setting := range []string{settingReceiptID, settingReceiptStatus, settingReceiptError} {
			if value := v.Text(setting); value != "" && checkPointer(value) != nil {
				return g, errors.New(setting + " must be a JSON pointer, which begins with /, as " + settingReceiptFormat + " is json")
			}
		}
	}
	return g, nil
}

// report is one receipt as a gateway tells it.
type report struct {
	id, ref, status, code, text string
	at                          message.Time
}

var errReport = errors.New("not of the gateway's form")

// read returns the receipts of a callback.
func (g *gatewayReports) read(cb *message.Callback) ([]message.Receipt, error) {
	reports, err := g.reports(cb)
	if err != nil {
		return nil, err
	}
	var out []message.Receipt
	for _, r := range reports {
		if r.status == "" || (!usableID(r.id) && r.ref == "") {
			return nil, errReport
		}
		if receipt, ok := g.receipt(&r); ok {
			out = append(out, receipt)
		}
	}
	return out, nil
}

func (g *gatewayReports) reports(cb *message.Callback) ([]report, error) {
	switch {
	case g.format == receiptOwn:
		return ownReports(cb.Body)
	case g.format == receiptForm || cb.Method == http.MethodGet:
		text := string(cb.Body)
		if cb.Method == http.MethodGet {
			text = cb.Query
		}
		values, err := url.ParseQuery(text)
		if err != nil {
			return nil, err
		}
		return []report{g.reportOf(func(name string) string { return strings.Clone(values.Get(name)) })}, nil
	case g.list == nil:
		return []report{g.reportIn(cb.Body)}, nil
	}
	raw, ok := follow(cb.Body, g.list)
	var items []json.RawMessage
	if !ok || json.Unmarshal(raw, &items) != nil {
		return nil, errReport
	}
	out := make([]report, len(items))
	for i, item := range items {
		out[i] = g.reportIn(item)
	}
	return out, nil
}

// reportIn reads one receipt of JSON.
func (g *gatewayReports) reportIn(raw json.RawMessage) report {
	return g.reportOf(func(pointer string) string {
		if pointer == "" {
			return ""
		}
		f := finder{pointer: parsePointer(pointer)}
		value, _ := f.find(raw)
		return value
	})
}

func (g *gatewayReports) reportOf(get func(name string) string) report {
	r := report{id: get(g.id), status: get(g.status)}
	if g.error != "" {
		r.code = get(g.error)
	}
	return r
}

// receipt makes the receipt of a report, if its status is of interest.
func (g *gatewayReports) receipt(r *report) (message.Receipt, bool) {
	v, ok := g.statuses[strings.ToLower(r.status)]
	if g.format == receiptOwn {
		v, ok = verdictOf(r.status)
	}
	if !ok {
		return message.Receipt{}, false
	}
	out := message.Receipt{Channel: name, Status: v.status, At: r.at}
	if usableID(r.id) {
		out.ProviderID = r.id
	}
	for _, ref := range []string{r.ref, r.id} {
		if _, _, _, ours := message.ParseAttemptRef(ref); ours {
			out.Ref = ref
			break
		}
	}
	if out.ProviderID == "" && out.Ref == "" {
		return message.Receipt{}, false
	}
	if v.status == message.Failed {
		if code, known := g.codes[r.code]; known {
			v.code = channel.Code(code)
		}
		out.Failure = channel.Failed(v.code, r.code, r.text).Failure()
	}
	return out, true
}
