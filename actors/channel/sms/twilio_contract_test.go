package sms

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"messagehub/actors/channel"
	"messagehub/actors/channel/channeltest"
	"messagehub/actors/channel/sim"
)

// schema is the part of OpenAPI that Twilio's document uses here.
type schema struct {
	Ref        string            `json:"$ref"`
	Type       string            `json:"type"`
	Nullable   bool              `json:"nullable"`
	Enum       []string          `json:"enum"`
	Pattern    string            `json:"pattern"`
	Format     string            `json:"format"`
	Required   []string          `json:"required"`
	Properties map[string]schema `json:"properties"`
	Items      *schema           `json:"items"`
}

// document is what the tests need of Twilio's OpenAPI document.
type document struct {
	request schema // the form of CreateMessage
	schemas map[string]schema
}

const resource = "/2010-04-01/Accounts/{AccountSid}/Messages.json"

// openAPI reads the specification, which lies beside the repository where it
// is at hand.
func openAPI(t *testing.T) *document {
	t.Helper()
	text, err := os.ReadFile("../../../../shared/specs/twilio/twilio_api_v2010.json")
	if err != nil {
		t.Skip("Twilio's OpenAPI document is not present")
	}
	var raw struct {
		Paths      map[string]map[string]json.RawMessage `json:"paths"`
		Components struct {
			Schemas map[string]schema `json:"schemas"`
		} `json:"components"`
	}
	var create struct {
		RequestBody struct {
			Content map[string]struct {
				Schema schema `json:"schema"`
			} `json:"content"`
		} `json:"requestBody"`
	}
	if err := json.Unmarshal(text, &raw); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw.Paths[resource]["post"], &create); err != nil {
		t.Fatal(err)
	}
	form := create.RequestBody.Content["application/x-www-form-urlencoded"].Schema
	if len(form.Properties) == 0 {
		t.Fatal("the document has no form for CreateMessage")
	}
	return &document{form, raw.Components.Schemas}
}

func (d *document) resolve(s schema) schema {
	if name, ok := strings.CutPrefix(s.Ref, "#/components/schemas/"); ok {
		return d.schemas[name]
	}
	return s
}

// checkForm reports what the schema does not allow in a form.
func (d *document) checkForm(t *testing.T, form url.Values) {
	t.Helper()
	s := d.request
	for _, name := range s.Required {
		if !form.Has(name) {
			t.Errorf("%s is missing", name)
		}
	}
	for name, values := range form {
		property, ok := s.Properties[name]
		if !ok {
			t.Errorf("%s is no parameter of CreateMessage", name)
			continue
		}
		property = d.resolve(property)
		if property.Type == "array" {
			property = *property.Items
		} else if len(values) != 1 {
			t.Errorf("%s is given %d times", name, len(values))
		}
		for _, value := range values {
			checkText(t, name, value, property)
		}
	}
}

func checkText(t *testing.T, name, value string, s schema) {
	t.Helper()
	var err error
	switch s.Type {
	case "integer":
		_, err = strconv.ParseInt(value, 10, 64)
	case "boolean":
		_, err = strconv.ParseBool(value)
	case "string":
	default:
		t.Errorf("%s has the type %q, which the test does not know", name, s.Type)
	}
	if err != nil {
		t.Errorf("%s is %q: %v", name, value, err)
	}
	if s.Pattern != "" && !regexp.MustCompile(s.Pattern).MatchString(value) {
		t.Errorf("%s is %q, not of the form %s", name, value, s.Pattern)
	}
	if s.Enum != nil && !slices.Contains(s.Enum, value) {
		t.Errorf("%s is %q, none of %v", name, value, s.Enum)
	}
	if u, err := url.Parse(value); s.Format == "uri" && (err != nil || u.Scheme == "") {
		t.Errorf("%s is %q, no URI", name, value)
	}
}

// checkResource reports what the schema does not allow in a message.
func (d *document) checkResource(t *testing.T, body []byte) {
	t.Helper()
	var got map[string]any
	if err := json.Unmarshal(body, &got); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	want := d.schemas["api.v2010.account.message"].Properties
	for name := range want {
		if _, ok := got[name]; !ok {
			t.Errorf("%s is missing", name)
		}
	}
	for name, value := range got {
		s, ok := want[name]
		if s = d.resolve(s); !ok {
			t.Errorf("%s is no member of a message", name)
			continue
		}
		switch v := value.(type) {
		case nil:
			if !s.Nullable {
				t.Errorf("%s is null", name)
			}
		case string:
			if s.Type != "string" {
				t.Errorf("%s is the text %q, want a %s", name, v, s.Type)
			}
			checkText(t, name, v, s)
		case map[string]any:
			if s.Type != "object" {
				t.Errorf("%s is an object", name)
			}
		default:
			t.Errorf("%s is %v, want a %s", name, v, s.Type)
		}
	}
}

func TestGoldensAreTwilios(t *testing.T) {
	d := openAPI(t)
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
			d.checkForm(t, form)
		})
	}
}

func TestSimulatorsAnswersAreTwilios(t *testing.T) {
	d := openAPI(t)
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
			d.checkResource(t, text)
		})
	}
	t.Run("documentation's example", func(t *testing.T) {
		d.checkResource(t, []byte(twilioNumberCase().Success.Body))
		d.checkResource(t, []byte(twilioServiceCase().Success.Body))
	})
}

func TestSimulatorKnowsTwiliosParameters(t *testing.T) {
	properties := openAPI(t).request.Properties
	var want []string
	for name := range properties {
		want = append(want, name)
	}
	slices.Sort(want)
	if got := twilioParameters(); !slices.Equal(got, want) {
		t.Errorf("parameters %v, want %v", got, want)
	}
}

// TestExtremesAreTwilios: what no golden shows is sent in Twilio's form, too.
func TestExtremesAreTwilios(t *testing.T) {
	d := openAPI(t)
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
		d.checkForm(t, form)
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
