package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"messagehub/store/message"
	"messagehub/store/message/json"
	"messagehub/store/message/mutate"
)

// TestDistributionsOnTheCommandLine: from a dry run to the end of one that was
// waited for, and another that is paused, resumed and canceled.
func TestDistributionsOnTheCommandLine(t *testing.T) {
	dir := t.TempDir()
	th := startHub(t, dir, nil)
	th.use()
	request(t, "POST", th.URL()+"/api/v1/contacts", th.key, `{"name":"Kim","identities":{"sms":"+821000000001"},"tags":["vip"]}`)
	file := filepath.Join(dir, "people.csv")
	csv := "\ufeffname,sms,whatsapp,note\nLee,+821000000002,,\"a, b\"\nPark,+821000000003,+821000000003,\nNobody,12,,\n"
	if err := os.WriteFile(file, []byte(csv), 0o600); err != nil {
		t.Fatal(err)
	}
	dry := []string{"distribute", file, "--tag", "vip", "--channel", "sms", "--text", "Hi {{name}}", "--rate", "100", "--dry-run"}
	if got := mustRun(t, dry...); !strings.HasPrefix(got, "dry run: about 4 recipients, 3 messages, 1 invalid, 3 segments, 1 s at the rate\n") ||
		!strings.Contains(got, "recipients[2]   invalid_recipient") {
		t.Error(got)
	}
	code, out, errText := run(append(dry[:len(dry)-1], "--wait", "--reference", "cli", "--expires", "1h")...)
	if code != 0 || !strings.Contains(out, "completed") || !strings.Contains(out, "delivered=3") || !strings.HasSuffix(errText, "100 %  completed: 4 of 4 recipients, 3 sent, 0 waiting\n") {
		t.Errorf("waited: %d %q %q", code, out, errText)
	}
	list := mustRun(t, "messages", "list", "--reference", "cli")
	if strings.Count(list, "+82100000000") != 3 {
		t.Error(list)
	}

	whole := filepath.Join(dir, "sale.json")
	body := `{"content":{"sms":{"content":"Hello"}},"recipients":[{"to":{"sms":"+821000000004"}}],"routing":{"mode":"all"},"scheduledAt":"` + time.Now().Add(time.Hour).UTC().Format(time.RFC3339) + `"}`
	if err := os.WriteFile(whole, []byte(body), 0o600); err != nil {
		t.Fatal(err)
	}
	made := mustRun(t, "distribute", whole, "-o", "json")
	var d shownForecast
	if err := json.Unmarshal([]byte(made), &d); err != nil || d.Status != "expanding" || d.Messages != 1 {
		t.Fatalf("%s: %v", made, err)
	}
	for _, turn := range [][2]string{{"get", "expanding"}, {"pause", "paused"}, {"resume", "expanding"}, {"cancel", "canceled"}} {
		if got := mustRun(t, "distributions", turn[0], d.ID); !strings.Contains(got, "status      "+turn[1]) || !strings.Contains(got, d.ID) {
			t.Errorf("%s: %s", turn[0], got)
		}
	}
	if got := mustRun(t, "distributions", "list", "--limit", "1"); strings.Count(got, "dst_") != 1 || !strings.Contains(got, "canceled   all    sms        -      0/1") {
		t.Error(got)
	}
	for line, want := range map[string]string{
		"distribute":                               "FILE of recipients",
		"distribute --tag vip":                     "say what to send",
		"distribute " + whole + " --rate 5":        "whole request",
		"distribute " + dir:                        "json, csv or ndjson",
		"distribute --tag v --text x --window 9":   "two times of the day",
		"distribute --tag v --wait --dry-run":      "nothing that --wait",
		"distributions pause " + d.ID:              "The distribution is canceled",
		"distributions get dst_x":                  "404",
		"distribute --tag nobody --text Hi{{name}": "no }} closes",
	} {
		if code, out, errText := run(strings.Fields(line)...); code == 0 || !strings.Contains(errText, want) {
			t.Errorf("%s: %d %s%s, want %s", line, code, out, errText, want)
		}
	}
}

// TestRecipientsOfAFile: what a file of recipients says, and what is wrong with
// it.
func TestRecipientsOfAFile(t *testing.T) {
	rows, err := recipientRows([]byte("contactId,sms,name\ncon_1,,Kim\n,+821000000002,\n"), channelNames())
	if got := string(bytes.Join(raw(rows), []byte(" "))); err != nil || got != `{"contactId":"con_1","params":{"name":"Kim"}} {"to":{"sms":"+821000000002"}}` {
		t.Errorf("%s, %v", got, err)
	}
	if lines, err := recipientLines([]byte("\n {\"to\":{}} \n\n[]")); err != nil || len(lines) != 2 || string(lines[0]) != `{"to":{}}` {
		t.Errorf("%s, %v", lines, err)
	}
	for text, read := range map[string]func([]byte) ([]json.RawMessage, error){"": smsRows, "a,b\n1\n": smsRows, "{}\n{": recipientLines} {
		if got, err := read([]byte(text)); err == nil {
			t.Errorf("%q is read as %s", text, got)
		}
	}
}

func smsRows(body []byte) ([]json.RawMessage, error) { return recipientRows(body, []string{"sms"}) }

func raw(all []json.RawMessage) (out [][]byte) {
	for _, r := range all {
		out = append(out, r)
	}
	return out
}

// FuzzRecipients: whatever a file holds, what is read of it are JSON values.
func FuzzRecipients(f *testing.F) {
	mutate.Bytes(f, [][]byte{[]byte("sms,name\n+821000000002,\"a\"\"b\"\n"), []byte("{\"to\":{}}\n")}, func(t testing.TB, body []byte) {
		for _, read := range []func([]byte) ([]json.RawMessage, error){smsRows, recipientLines} {
			all, err := read(body)
			for _, r := range all {
				if err == nil && !json.Valid(r) {
					t.Fatalf("%q is read as %s", body, r)
				}
			}
		}
	})
}

// TestDistributionShare: the share only ends with the work.
func TestDistributionShare(t *testing.T) {
	d := shownDistribution{Status: "expanding"}
	d.Progress.Expected, d.Progress.Done, d.Counts.Messages, d.Outcome.Sent = 100, 50, 50, 25
	if got := d.share(); got != 0.5 {
		t.Errorf("share %v", got)
	}
	d.Progress.Done, d.Counts.Messages, d.Outcome.Sent, d.Outcome.Failed, d.Status = 100, 100, 90, 10, "running"
	if got := d.share(); got != 1 || d.over() {
		t.Errorf("share %v, over %t", got, d.over())
	}
	if d.Status = message.DistributionCanceled.String(); !d.over() {
		t.Error("canceled is not over")
	}
	if d.TakingBack = true; d.over() {
		t.Error("it is over while messages are taken back")
	}
}
