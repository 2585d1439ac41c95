package kakao

import (
	"strconv"
	"strings"
	"time"

	"github.com/valyala/fasthttp"

	"messagehub/actors/channel/sim"
	"messagehub/store/message"
	"messagehub/store/message/json"
)

// simMessage is a message that was taken, and what becomes of it.
type simMessage struct {
	kind, request, to, sender, template, text, grouping, bubble, targeting string
	seq                                                                    int
	requested, created                                                     time.Time
	resultAt                                                               time.Time // zero: never
	result                                                                 string
}

// simKept bounds the messages that can be asked for.
const simKept = 1 << 14

// simMagic begins the numbers that say their result themselves, as in
// 010 0000 3019.
const simMagic = "0100000"

// decide says what becomes of a message, and posts it to the webhook.
func (s *simulator) decide(m *simMessage, k simKind, script sim.Script) {
	wait := max(0, m.requested.Sub(m.created))
	for _, stage := range script.Receipts {
		switch stage.Status {
		case message.Delivered:
			m.result = "1000"
		case message.Failed:
			m.result = "3018"
		case message.Sent: // NHN reports what it does not know only at the end
			if len(script.Receipts) > 1 {
				continue
			}
			m.result = "3005"
		default:
			continue
		}
		s.settle(m, k, wait+stage.After)
	}
	if script.Answer == sim.NotOnChannel {
		m.result = "3019"
		s.settle(m, k, wait+s.world.Knobs().ReceiptDelay)
	}
	if script.Answer == sim.OptedOut {
		m.result = "3020"
		s.settle(m, k, wait+s.world.Knobs().ReceiptDelay)
	}
}

// settle makes the result known after a while. The number may say another one,
// and so does the night to advertising.
func (s *simulator) settle(m *simMessage, k simKind, after time.Duration) {
	reserved := strings.HasPrefix(m.to, sim.Reserved)
	if code, magic := strings.CutPrefix(m.to, simMagic); magic && len(code) == 4 {
		m.result = code
	}
	at := m.created.Add(after)
	if minute := at.In(time.FixedZone("KST", 9*3600)).Hour()*60 + at.Minute(); k.brand() && !reserved && (minute < 480 || minute >= 1250) {
		m.result = "3022"
	}
	if m.resultAt.IsZero() {
		m.resultAt = at
	}
	s.hook(m, after)
}

// hook posts a result.
func (s *simulator) hook(m *simMessage, after time.Duration) {
	if s.callback == "" || s.signature == "" {
		return
	}
	serial := strconv.FormatUint(s.world.Serial(), 36)
	body, err := json.Marshal(map[string]any{
		"hooksId": "hooks-" + serial, "webhookConfigId": "webhook", "productName": "KakaoTalk Bizmessage", "appKey": s.app,
		"event": "MESSAGE_RESULT_UPDATE",
		"hooks": []map[string]any{{
			"kakaoMessageType": m.kind, "requestId": m.request, "recipientSeq": m.seq, "requestDate": s.date(m.requested),
			"createDate": s.date(m.created), "receiveDate": s.date(m.created.Add(after)), "recipientNo": m.to, "resultCode": m.result,
			"senderGroupingKey": nil, "recipientGroupingKey": m.grouping, "isAddedChannel": nil,
			"_links": map[string]any{"self": map[string]string{"href": "messages/" + m.request + "/" + strconv.Itoa(m.seq)}},
			"hookId": "hook-" + serial,
		}},
	})
	if err != nil {
		return
	}
	header := map[string]string{"Content-Type": "application/json;charset=UTF-8", "X-Toast-Webhook-Signature": s.signature}
	s.world.Post(sim.Post{URL: s.callback, Header: header, Body: body, After: after})
}

func (s *simulator) date(at time.Time) string { return at.In(s.zone).Format("2006-01-02 15:04:05") }

func (s *simulator) remember(m *simMessage) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.messages) >= simKept {
		s.messages = append(s.messages[:0:0], s.messages[simKept/2:]...)
	}
	s.messages = append(s.messages, m)
}

// search plays the lists of both products. product is the beginning of the
// kinds that are listed.
func (s *simulator) search(ctx *fasthttp.RequestCtx, product string) {
	q := ctx.QueryArgs()
	from, to, fault := s.span(q, "startRequestDate", "endRequestDate")
	if len(q.Peek("requestId")) == 0 && fault != nil {
		simRefuse(ctx, *fault)
		return
	}
	match := func(m *simMessage) bool {
		return strings.HasPrefix(m.kind, product) && fits(q, "requestId", m.request) && fits(q, "senderKey", m.sender) &&
			fits(q, "recipientGroupingKey", m.grouping) && fits(q, "recipientNo", m.to) &&
			(len(q.Peek("requestId")) > 0 || !m.requested.Before(from) && m.requested.Before(to))
	}
	rows, total := s.page(q, match)
	simAnswer(ctx, map[string]any{"header": simYes(), "messageSearchResultResponse": map[string]any{"messages": rows, "totalCount": total}})
}

// updates plays message-results: what has changed in a span of time.
func (s *simulator) updates(ctx *fasthttp.RequestCtx) {
	q := ctx.QueryArgs()
	from, to, fault := s.span(q, "startUpdateDate", "endUpdateDate")
	if fault != nil {
		simRefuse(ctx, *fault)
		return
	}
	now := s.clock()
	rows, _ := s.page(q, func(m *simMessage) bool {
		known := !m.resultAt.IsZero() && !m.resultAt.After(now)
		return known && strings.HasPrefix(m.kind, "ALIMTALK") && fits(q, "alimtalkMessageType", strings.TrimPrefix(m.kind, "ALIMTALK_")) &&
			!m.resultAt.Before(from) && m.resultAt.Before(to)
	})
	for _, row := range rows {
		for _, other := range []string{"plusFriendId", "senderKey", "templateCode", "recipientNo", "content", "senderGroupingKey", "recipientGroupingKey"} {
			delete(row, other)
		}
	}
	simAnswer(ctx, map[string]any{"header": simYes(), "messages": rows})
}

// single plays the look-up of one message by its path, id and number.
func (s *simulator) single(ctx *fasthttp.RequestCtx, product, path string) {
	rows, _ := s.page(&fasthttp.Args{}, func(m *simMessage) bool {
		return strings.HasPrefix(m.kind, product) && path == m.request+"/"+strconv.Itoa(m.seq)
	})
	if len(rows) == 0 {
		simRefuse(ctx, simFault{-1016, "It is not found any messages responding with that requestId or recipientSeq."})
		return
	}
	simAnswer(ctx, map[string]any{"header": simYes(), "message": rows[0]})
}

// span reads a span of time, its last minute included.
func (s *simulator) span(q *fasthttp.Args, first, last string) (from, to time.Time, fault *simFault) {
	from, err := time.ParseInLocation("2006-01-02 15:04", string(q.Peek(first)), s.zone)
	to, other := time.ParseInLocation("2006-01-02 15:04", string(q.Peek(last)), s.zone)
	switch {
	case err != nil || other != nil || to.Before(from):
		fault = &simFault{-4103, "RequestId or startRequestDate/endRequestDate is invalid."}
	case to.Sub(from) > 31*24*time.Hour:
		fault = &simFault{-4003, "Search is possible within 31 days."}
	case s.clock().Sub(from) > 90*24*time.Hour:
		fault = &simFault{-4017, "You can not search the messages before 90 days."}
	}
	return from, to.Add(time.Minute), fault
}

func fits(q *fasthttp.Args, name, value string) bool {
	want := q.Peek(name)
	return len(want) == 0 || string(want) == value
}

// page returns one page of the messages that match, and how many do.
func (s *simulator) page(q *fasthttp.Args, match func(*simMessage) bool) (rows []map[string]any, total int) {
	size, number := min(max(1, q.GetUintOrZero("pageSize")), 1000), max(1, q.GetUintOrZero("pageNum"))
	if len(q.Peek("pageSize")) == 0 {
		size = 15
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	rows = []map[string]any{}
	for _, m := range s.messages {
		if !match(m) {
			continue
		}
		if total++; total > (number-1)*size && total <= number*size {
			rows = append(rows, s.row(m))
		}
	}
	return rows, total
}

// row is a message as the lists have it by now.
func (s *simulator) row(m *simMessage) map[string]any {
	row := map[string]any{
		"requestId": m.request, "recipientSeq": m.seq, "plusFriendId": "@sandbox", "senderKey": m.sender, "templateCode": m.template,
		"recipientNo": m.to, "requestDate": s.date(m.requested), "createDate": s.date(m.created), "receiveDate": nil,
		"messageStatus": nil, "resultCode": nil, "resultCodeName": nil, "createUser": nil, "senderGroupingKey": nil,
		"recipientGroupingKey": m.grouping,
	}
	if strings.HasPrefix(m.kind, "BRAND") {
		row["targeting"], row["chatBubbleType"], row["pushAlarm"], row["isAddedChannel"] = m.targeting, m.bubble, true, true
		row["resendStatusCode"], row["resendStatusName"] = "RSC01", "not a target"
	} else {
		row["content"], row["resendStatus"], row["resendStatusName"] = m.text, "RSC01", "not a target"
	}
	if !m.resultAt.IsZero() && !m.resultAt.After(s.clock()) {
		row["receiveDate"], row["resultCode"], row["resultCodeName"] = s.date(m.resultAt), m.result, "result "+m.result
		row["messageStatus"] = "COMPLETED"
		if m.result != "1000" && m.result != "3005" {
			row["messageStatus"] = "FAILED"
		}
	}
	return row
}
