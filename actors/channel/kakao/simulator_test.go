package kakao

import (
	"encoding/json"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"messagehub/actors/channel"
	"messagehub/actors/channel/sim"
)

// simTest is the simulator, asked by hand.
type simTest struct {
	*simulator
	key int
}

func newSimTest(t *testing.T) *simTest {
	w := sim.NewWorld(sim.Options{})
	t.Cleanup(w.Close)
	return &simTest{simulator: specAt(noon()).Simulator(w, channel.Sender{Settings: channel.Sandbox(Spec().Settings)}).(*simulator)}
}

type simReply struct {
	Header struct {
		Code int  `json:"resultCode"`
		OK   bool `json:"isSuccessful"`
	} `json:"header"`
	Message *struct {
		ID      *string `json:"requestId"`
		Code    *string `json:"resultCode"`
		Results []struct {
			Seq  int `json:"recipientSeq"`
			Code int `json:"resultCode"`
		} `json:"sendResults"`
	} `json:"message"`
	Messages []map[string]any `json:"messages"`
	Search   struct {
		Messages []map[string]any `json:"messages"`
		Total    int              `json:"totalCount"`
	} `json:"messageSearchResultResponse"`
}

func (s *simTest) ask(t *testing.T, method, path, body string, header map[string]string) (r simReply) {
	t.Helper()
	var ctx fasthttp.RequestCtx
	ctx.Request.Header.SetMethod(method)
	ctx.Request.SetRequestURI(path)
	ctx.Request.Header.Set("X-Secret-Key", "sandbox-secret-key")
	ctx.Request.Header.SetContentType("application/json;charset=UTF-8")
	s.key++
	ctx.Request.Header.Set("X-NC-API-IDEMPOTENCY-KEY", strconv.Itoa(s.key))
	for name, value := range header {
		ctx.Request.Header.Set(name, value)
	}
	ctx.Request.SetBodyString(body)
	s.Handle(&ctx)
	if err := json.Unmarshal(ctx.Response.Body(), &r); err != nil {
		t.Fatalf("%s: %v", ctx.Response.Body(), err)
	}
	return r
}

const (
	alimtalkPath = "/alimtalk/v2.3/appkeys/sandboxAppKey0001/"
	brandPath    = "/brand-message/v1.0/appkeys/sandboxAppKey0001/"
	simSender    = `"senderKey":"0123456789abcdef0123456789abcdef01234567"`
)

func simBody(code, recipients string) string {
	return `{` + simSender + `,"templateCode":"` + code + `","recipientList":[` + recipients + `]}`
}

func simTo(number, more string) string {
	return `{"recipientNo":"` + number + `","resendParameter":{"isResend":false}` + more + `}`
}

// TestSimulatorIsStrict: what NHN refuses, with its code.
func TestSimulatorIsStrict(t *testing.T) {
	long := strings.Repeat("x", 1301)
	ok := simTo("01012345678", "")
	named := func(pairs string) string { return simTo("01012345678", `,"templateParameter":{`+pairs+`}`) }
	brand := func(more string) string { return simTo("01012345678", `,"targeting":"I"`+more) }
	free := func(more string) string {
		return `{` + simSender + `,"chatBubbleType":"TEXT"` + more + `,"recipientList":[` + simTo("01012345678", "") + `]}`
	}
	rows := []struct {
		name, path, body string
		header           map[string]string
		code             int
	}{
		{"yes", alimtalkPath + "messages", simBody("NOTICE", ok), nil, 0},
		{"appkey", "/alimtalk/v2.3/appkeys/other/messages", simBody("NOTICE", ok), nil, -1000},
		{"secret", alimtalkPath + "messages", simBody("NOTICE", ok), map[string]string{"X-Secret-Key": "x"}, -1001},
		{"content type", alimtalkPath + "messages", simBody("NOTICE", ok), map[string]string{"Content-Type": "text/plain"}, -9996},
		{"path", alimtalkPath + "message", simBody("NOTICE", ok), nil, -9998},
		{"FriendTalk", "/friendtalk/v2.4/appkeys/sandboxAppKey0001/messages", simBody("NOTICE", ok), nil, -9998},
		{"no JSON", alimtalkPath + "messages", `{`, nil, -3002},
		{"unknown member", alimtalkPath + "messages", `{"sender":1}`, nil, -3002},
		{"sender", alimtalkPath + "messages", strings.Replace(simBody("NOTICE", ok), "0123", "9999", 1), nil, -2017},
		{"no recipients", alimtalkPath + "messages", simBody("NOTICE", ""), nil, -4011},
		{"too many", alimtalkPath + "messages", simBody("NOTICE", strings.Repeat(ok+",", 1000)+ok), nil, -2000},
		{"template missing", alimtalkPath + "messages", simBody("sim_missing", ok), nil, -3003},
		{"template not approved", alimtalkPath + "messages", simBody("sim_pending", ok), nil, -3005},
		{"no template", alimtalkPath + "messages", simBody("", ok), nil, -2001},
		{"parameter missing", alimtalkPath + "messages", simBody("ORDER_SHIPPED", named(`"name":"Kim"`)), nil, -3049},
		{"parameter too many", alimtalkPath + "messages", simBody("NOTICE", named(`"name":"Kim"`)), nil, -3049},
		{"parameter of a Brand Message", brandPath + "basic-messages", simBody("SALE", brand("")), nil, -3324},
		{"parameter too long", alimtalkPath + "messages", simBody("ANY", named(`"name":"`+long+`"`)), nil, -3048},
		{"text too long", alimtalkPath + "messages", simBody("ORDER_SHIPPED", named(`"name":"`+long[:700]+`","no":"`+long[:700]+`"`)), nil, -2019},
		{"own fallback", alimtalkPath + "messages", simBody("NOTICE", strings.Replace(ok, "false", "true", 1)), nil, -2502},
		{"fallback left to the console", alimtalkPath + "messages", simBody("NOTICE", `{"recipientNo":"01012345678"}`), nil, -2502},
		{"authentication", alimtalkPath + "auth/messages", simBody("NOTICE", ok), nil, -8006},
		{"bad number", alimtalkPath + "messages", simBody("NOTICE", simTo("0212345678", "")), nil, -1031},
		{"long number", alimtalkPath + "messages", simBody("NOTICE", simTo("0101234567890123", "")), nil, -2000},
		{"targeting missing", brandPath + "basic-messages", simBody("NOTICE", ok), nil, -3298},
		{"images", brandPath + "basic-messages", simBody("NOTICE", brand(`,"imageParameters":[{"imageUrl":"https://a"}]`)), nil, -3344},
		{"at", brandPath + "basic-messages", simBody("ANY", brand(`,"templateParameter":{"a@b":"c"}`)), nil, -3347},
		{"freestyle", brandPath + "freestyle-messages", free(`,"content":"Sale"`), nil, 0},
		{"freestyle without content", brandPath + "freestyle-messages", free(""), nil, -3303},
		{"freestyle too long", brandPath + "freestyle-messages", free(`,"content":"` + long + `"`), nil, -3304},
		{"text with an image", brandPath + "freestyle-messages", free(`,"content":"x","image":{"imageUrl":"https://a"}`), nil, -3305},
		{"image without one", brandPath + "freestyle-messages", strings.Replace(free(`,"content":"x"`), "TEXT", "IMAGE", 1), nil, -3319},
		{"opt-out number", brandPath + "freestyle-messages", free(`,"content":"x","unsubscribeNo":"010"`), nil, -3340},
		{"date in the past", brandPath + "freestyle-messages", free(`,"content":"x","requestDate":"2026-11-26 11:59"`), nil, -2025},
		{"date too far", brandPath + "freestyle-messages", free(`,"content":"x","requestDate":"2027-11-26 11:59"`), nil, -2026},
		{"date form", brandPath + "freestyle-messages", free(`,"content":"x","requestDate":"tomorrow"`), nil, -2027},
	}
	s := newSimTest(t)
	for _, row := range rows {
		if r := s.ask(t, "POST", row.path, row.body, row.header); r.Header.Code != row.code || r.Header.OK != (row.code == 0) {
			t.Errorf("%s: %+v, want %d", row.name, r.Header, row.code)
		}
	}
}

// TestSimulatorAnswersEachRecipient: one that is refused hides no other, and
// all refused refuse the request.
func TestSimulatorAnswersEachRecipient(t *testing.T) {
	s := newSimTest(t)
	r := s.ask(t, "POST", alimtalkPath+"messages", simBody("NOTICE", simTo("x", "")+","+simTo("01012345678", "")), nil)
	if !r.Header.OK || len(r.Message.Results) != 2 || r.Message.Results[0].Code != -5000 || r.Message.Results[1].Code != 0 || r.Message.Results[1].Seq != 2 {
		t.Errorf("two recipients: %+v", r)
	}
	if r := s.ask(t, "POST", alimtalkPath+"messages", simBody("NOTICE", simTo("x", "")), nil); r.Header.Code != -1031 || r.Message.ID != nil {
		t.Errorf("all refused: %+v", r)
	}
	same := map[string]string{"X-NC-API-IDEMPOTENCY-KEY": "same"}
	for n, want := range []int{0, -1005} {
		if r := s.ask(t, "POST", alimtalkPath+"messages", simBody("NOTICE", simTo("01012345678", "")), same); r.Header.Code != want {
			t.Errorf("use %d of a key: %d, want %d", n+1, r.Header.Code, want)
		}
	}
}

// TestSimulatorsResults: the list, the feed of changes and one message.
func TestSimulatorsResults(t *testing.T) {
	s := newSimTest(t)
	now := noon()
	sent := s.ask(t, "POST", alimtalkPath+"messages", simBody("NOTICE", simTo("01000003019", `,"recipientGroupingKey":"g"`)), nil)
	s.ask(t, "POST", brandPath+"freestyle-messages", `{`+simSender+`,"chatBubbleType":"TEXT","content":"x","recipientList":[`+simTo("01012345678", "")+`]}`, nil)
	one := alimtalkPath + "messages/" + *sent.Message.ID + "/1"
	if r := s.ask(t, "GET", one, "", nil); !r.Header.OK || r.Message.Code != nil {
		t.Errorf("before its result: %+v", r)
	}
	s.clock = func() time.Time { return now.Add(time.Second) }
	if r := s.ask(t, "GET", one, "", nil); r.Message.Code == nil || *r.Message.Code != "3019" {
		t.Errorf("after it: %+v", r)
	}
	span := func(names, from, to string) string {
		return "?start" + names + "=" + url.QueryEscape(from) + "&end" + names + "=" + url.QueryEscape(to)
	}
	rows := []struct {
		name, path  string
		code, found int
	}{
		{"list", alimtalkPath + "messages" + span("RequestDate", "2026-11-26 12:00", "2026-11-26 12:00"), 0, 1},
		{"list of Brand Messages", brandPath + "messages" + span("RequestDate", "2026-11-26 12:00", "2026-11-26 12:00"), 0, 1},
		{"list of authentication", alimtalkPath + "auth/messages" + span("RequestDate", "2026-11-26 12:00", "2026-11-26 12:00"), 0, 0},
		{"other span", alimtalkPath + "messages" + span("RequestDate", "2026-11-26 11:00", "2026-11-26 11:59"), 0, 0},
		{"by request", alimtalkPath + "messages?requestId=" + *sent.Message.ID, 0, 1},
		{"by group", alimtalkPath + "messages" + span("RequestDate", "2026-11-26 12:00", "2026-11-26 12:00") + "&recipientGroupingKey=h", 0, 0},
		{"second page", alimtalkPath + "messages" + span("RequestDate", "2026-11-26 12:00", "2026-11-26 12:00") + "&pageNum=2", 0, 0},
		{"no span", alimtalkPath + "messages", -4103, 0},
		{"long span", alimtalkPath + "messages" + span("RequestDate", "2026-10-01 12:00", "2026-11-26 12:00"), -4003, 0},
		{"long ago", alimtalkPath + "messages" + span("RequestDate", "2026-01-01 12:00", "2026-01-02 12:00"), -4017, 0},
		{"changes", alimtalkPath + "message-results" + span("UpdateDate", "2026-11-26 12:00", "2026-11-26 12:00"), 0, 1},
		{"changes of authentication", alimtalkPath + "message-results" + span("UpdateDate", "2026-11-26 12:00", "2026-11-26 12:00") + "&alimtalkMessageType=AUTH", 0, 0},
		{"changes of Brand Messages", brandPath + "message-results" + span("UpdateDate", "2026-11-26 12:00", "2026-11-26 12:00"), -9998, 0},
		{"no such message", alimtalkPath + "messages/R/1", -1016, 0},
		{"no such sender", alimtalkPath + "senders/x", -2017, 0},
	}
	for _, row := range rows {
		r := s.ask(t, "GET", row.path, "", nil)
		if r.Header.Code != row.code || len(r.Search.Messages)+len(r.Messages) != row.found {
			t.Errorf("%s: %+v", row.name, r)
		}
	}
}
