package kakao

import (
	"context"
	"net/url"
	"strconv"
	"strings"
	"time"

	"messagehub/actors/channel"
	"messagehub/store/message/json"
)

const (
	// pageSize keeps a page of AlimTalk, which holds the messages' texts, below
	// maxPage.
	pageSize = 400
	maxPage  = 4 << 20
	// maxPages bounds what is read of one list.
	maxPages = 1000
)

// query asks for the messages of a span of time, to the minute, or for those
// of one attempt in it.
type query struct {
	from, to time.Time
	grouping string
}

// search returns one page of this sender's messages, counted from 1, and
// whether there are more.
func (a *adapter) search(ctx context.Context, f family, q query, page int) (items []item, more bool, err error) {
	values := url.Values{
		"startRequestDate": {q.from.In(a.zone).Format(dateForm)}, "endRequestDate": {q.to.In(a.zone).Format(dateForm)},
		"senderKey": {a.sender}, "pageNum": {strconv.Itoa(page)}, "pageSize": {strconv.Itoa(pageSize)},
	}
	if q.grouping != "" {
		values.Set("recipientGroupingKey", q.grouping)
	}
	path := "messages?"
	if f == alimtalk {
		path = a.pool() + path
	}
	call := a.call("GET", f, path+strings.ReplaceAll(values.Encode(), "+", "%20"))
	call.MaxAnswer = maxPage
	answer, err := a.http.Do(ctx, call)
	if err != nil {
		return nil, false, err
	}
	return readPage(answer, a.api)
}

func readPage(answer *channel.Answer, codes map[int]channel.Code) (items []item, more bool, err error) {
	var in struct {
		Header *header `json:"header"`
		Body   *struct {
			Messages []json.RawMessage `json:"messages"`
		} `json:"messageSearchResultResponse"`
	}
	switch {
	case json.Unmarshal(answer.Body, &in) != nil || in.Header == nil:
		return nil, false, answer.ByStatus()
	case !in.Header.OK:
		return nil, false, failure(codes, in.Header.Code, in.Header.Message, answer)
	case answer.Status >= 300:
		return nil, false, answer.ByStatus()
	case in.Body == nil: // nothing was found
		return nil, false, nil
	}
	for _, raw := range in.Body.Messages { // each by itself: an odd one hides no other
		var i item
		if json.Unmarshal(raw, &i) == nil && i.id() != "" {
			items = append(items, i)
		}
	}
	return items, len(in.Body.Messages) >= pageSize, nil
}

// recover finds the message that NHN took under a key that it knows. Until its
// list shows it, the outcome stays unknown.
func (a *adapter) recover(ctx context.Context, f family, ref string) (channel.Acceptance, error) {
	a.keys.fix(ref)
	now := a.now()
	items, _, err := a.search(ctx, f, query{now.Add(-time.Hour), now.Add(24 * time.Hour), ref}, 1)
	if err == nil {
		if id := newest(items, ref); id != "" {
			return channel.Acceptance{ProviderID: id}, nil
		}
	}
	return channel.Acceptance{}, channel.Failed(channel.OutcomeUnknown, strconv.Itoa(codeRepeated), "the provider has had this request, and its list does not show the message")
}

// newest returns the id of the latest of an attempt's messages: a request that
// failed at NHN may have left one before it.
func newest(items []item, ref string) (id string) {
	latest := ""
	for i := range items {
		if it := &items[i]; it.Grouping == ref && it.id() != "" && it.Request > latest {
			latest, id = it.Request, strings.Clone(it.id())
		}
	}
	return id
}
