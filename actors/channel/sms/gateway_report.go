package sms

import (
	"errors"
	"strings"

	"messagehub/actors/channel"
	"messagehub/store/message"
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
	inboundAlone := v.Text(settingInboundFrom) != "" && !g.reads() && g.status == "" && len(g.statuses) == 0
	if v.Text(settingReceiptAuth) == "" || g.format == receiptOwn || inboundAlone {
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

// reads reports whether the settings describe receipts at all.
func (g *gatewayReports) reads() bool { return g.id != "" || g.format == receiptOwn }

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
	if g.format == receiptOwn {
		return ownReports(cb.Body)
	}
	all, err := toldBy(cb, g.format, g.list)
	out := make([]report, len(all))
	for i, f := range all {
		out[i] = report{id: f.text(g.id), status: f.text(g.status), code: f.text(g.error)}
	}
	return out, err
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
