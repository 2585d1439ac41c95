package sms

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"messagehub/actors/channel"
	"messagehub/actors/channel/channeltest"
	"messagehub/actors/channel/sim"
)

const (
	resource = "/2010-04-01/Accounts/{AccountSid}/Messages.json"
	created  = "api.v2010.account.message"
)

// twilioAPI is Twilio's document. Its message names no member that has to be
// there: Twilio sends all of them.
func twilioAPI(t *testing.T) *channeltest.OpenAPI {
	t.Helper()
	d := channeltest.ReadOpenAPI(t, "twilio/twilio_api_v2010.json")
	s := d.Components.Schemas[created]
	s.Required = slices.Collect(maps.Keys(s.Properties))
	return d
}

func TestGoldensAreTwilios(t *testing.T) {
	d := twilioAPI(t)
	files, err := filepath.Glob("testdata/twilio_*.http")
	if err != nil || len(files) < 5 {
		t.Fatalf("%d golden files, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			head, body, _ := strings.Cut(string(text), "\n\n")
			if want := "POST " + strings.Replace(resource, "{AccountSid}", account, 1) + "\n"; !strings.HasPrefix(head, want) {
				t.Errorf("request line of %q, want %q", head, want)
			}
			form, err := url.ParseQuery(strings.TrimSpace(body))
			if err != nil {
				t.Fatal(err)
			}
			d.FitsForm(t, d.Form(t, resource), form)
		})
	}
}

func TestSimulatorsAnswersAreTwilios(t *testing.T) {
	d := twilioAPI(t)
	forms := map[string]url.Values{
		"number": twilioOrder(), "service": twilioOrder("From", "", "MessagingServiceSid", service),
		"media": twilioOrder("Body", "", "MediaUrl", "https://example.com/a.jpg"), "template": twilioOrder("Body", "", "ContentSid", content),
	}
	for name, form := range forms {
		t.Run(name, func(t *testing.T) {
			desk := newTwilioDesk(t, sim.Knobs{}, nil)
			status, body := desk.post(t, form)
			text, err := json.Marshal(body)
			if err != nil || status != 201 {
				t.Fatalf("status %d, %v, %v", status, body, err)
			}
			d.Fits(t, created, string(text))
		})
	}
	t.Run("documentation's example", func(t *testing.T) {
		d.Fits(t, created, twilioNumberCase().Success.Body)
		d.Fits(t, created, twilioServiceCase().Success.Body)
	})
}

func TestSimulatorKnowsTwiliosParameters(t *testing.T) {
	want := slices.Sorted(maps.Keys(twilioAPI(t).Form(t, resource).Properties))
	if got := twilioParameters(); !slices.Equal(got, want) {
		t.Errorf("parameters %v, want %v", got, want)
	}
}

// TestEveryStatusOfTwilios: each of the document's statuses has a callback in
// the tables of this package.
func TestEveryStatusOfTwilios(t *testing.T) {
	statuses := twilioAPI(t).Components.Schemas["message_enum_status"].Enum
	if len(statuses) < 10 {
		t.Fatalf("statuses %v", statuses)
	}
	for _, status := range statuses {
		body := twilioCallback(fmt.Sprint(status))
		if !slices.ContainsFunc(twilioCallbacks(), func(cb channeltest.Callback) bool { return strings.HasPrefix(cb.Body, body) }) {
			t.Errorf("no callback has the status %v", status)
		}
	}
}

// TestTwiliosSchemaRefuses: the check can fail.
func TestTwiliosSchemaRefuses(t *testing.T) {
	d := twilioAPI(t)
	good := twilioNumberCase().Success.Body
	for what, bad := range map[string]string{
		"a status": strings.Replace(good, `"queued"`, `"lost"`, 1), "a sid": strings.Replace(good, `"sid":"SM`, `"sid":"XX`, 1),
		"a member": strings.Replace(good, `"price":null,`, "", 1), "a type": strings.Replace(good, `"num_media":"0"`, `"num_media":0`, 1),
		"a stranger": strings.Replace(good, "{", `{"segments":1,`, 1),
	} {
		if len(d.Faults(t, created, bad)) == 0 {
			t.Errorf("without %s it fits", what)
		}
	}
}

// TestExtremesAreTwilios: what no golden shows is sent in Twilio's form, too.
func TestExtremesAreTwilios(t *testing.T) {
	d := twilioAPI(t)
	c := twilioNumberCase()
	c.Settings = channel.Values{"messagingServiceSid": service, "fromNumber": "MyCompany"}
	var got []url.Values
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil {
			t.Errorf("form: %v", err)
		}
		got = append(got, r.PostForm)
		w.WriteHeader(c.Success.Status)
		_, _ = w.Write([]byte(c.Success.Body))
	}))
	defer server.Close()
	sendAll(t, c, server.URL)
	if len(got) == 0 {
		t.Fatal("nothing was sent")
	}
	for _, form := range got {
		d.FitsForm(t, d.Form(t, resource), form)
	}
}

// sendAll sends the case's sends to base, one after the other.
func sendAll(t *testing.T, c channeltest.Case, base string) {
	t.Helper()
	values := sandbox()
	for name, value := range c.Settings {
		values[name] = value
	}
	values["baseURL"] = base
	client := channel.NewClient(nil, 1)
	defer client.Close()
	a, err := c.Spec.New(channel.Sender{Settings: values, HTTP: client, CallbackURL: "https://relay.example.com/hook"})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range c.Sends {
		if s.Refused != "" {
			continue
		}
		if _, err := a.Send(t.Context(), &channel.Request{Step: &s.Step, Expires: 1 << 50}); err != nil {
			t.Errorf("%s: %v", s.Name, err)
		}
	}
}
