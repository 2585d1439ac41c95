package bench

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// scrape is the samples of one reading of /metrics, by name with labels, or
// the difference of two.
type scrape map[string]float64

// maxScrape bounds one reading.
const maxScrape = 8 << 20

// readMetrics reads /metrics at the operations address.
func readMetrics(ctx context.Context, ops string) (scrape, error) {
	ctx, stop := context.WithTimeout(ctx, 10*time.Second)
	defer stop()
	body, err := get(ctx, ops+"/metrics", "")
	if err != nil {
		return nil, fmt.Errorf("read metrics: %w", err)
	}
	return parseMetrics(body), nil
}

// mallocs is the counter of a server's allocations.
const mallocs = "go_memstats_mallocs_total"

// metrics reads the server's metrics, without the allocations that the
// readings themselves have cost.
func (s *server) metrics(ctx context.Context) (scrape, error) {
	if s.reading == 0 {
		first, err := readMetrics(ctx, s.ops)
		if err != nil {
			return nil, err
		}
		second, err := readMetrics(ctx, s.ops)
		if err != nil {
			return nil, err
		}
		s.reading = max(second[mallocs]-first[mallocs], 1)
	}
	m, err := readMetrics(ctx, s.ops)
	if err == nil {
		s.readings++
		m[mallocs] -= s.reading * float64(s.readings)
	}
	return m, err
}

// get fetches a body that is not too large.
func get(ctx context.Context, url, key string) ([]byte, error) {
	return whole(open(ctx, url, key))
}

// open asks for url and returns what it is answered with.
func open(ctx context.Context, url, key string) (io.ReadCloser, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	if key != "" {
		req.Header.Set("Authorization", "Bearer "+key)
	}
	return ask(req)
}

// ask makes a request and returns the body of its answer, if that says that all
// is well.
func ask(req *http.Request) (io.ReadCloser, error) {
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode/100 != 2 {
		_ = resp.Body.Close()
		return nil, statusError(resp.StatusCode)
	}
	return resp.Body, nil
}

// whole reads what ask or open has returned, up to a bound.
func whole(body io.ReadCloser, err error) ([]byte, error) {
	if err != nil {
		return nil, err
	}
	defer body.Close()
	return io.ReadAll(io.LimitReader(body, maxScrape))
}

// statusError is an answer that is none of 2xx.
type statusError int

func (e statusError) Error() string { return fmt.Sprintf("status %d", int(e)) }

// parseMetrics reads the Prometheus text format; what it can't read it leaves
// out.
func parseMetrics(text []byte) scrape {
	out := scrape{}
	for line := range bytes.Lines(text) {
		line = bytes.TrimSpace(line)
		at := bytes.LastIndexByte(line, ' ')
		if at <= 0 || line[0] == '#' {
			continue
		}
		v, err := strconv.ParseFloat(string(line[at+1:]), 64)
		if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
			continue
		}
		out[string(line[:at])] = v
	}
	return out
}

// minus returns what was counted since an earlier reading.
func (s scrape) minus(earlier scrape) scrape {
	out := make(scrape, len(s))
	for name, v := range s {
		out[name] = v - earlier[name]
	}
	return out
}

func (s scrape) value(name string) float64 { return s[name] }

// sum adds up the samples of a metric whose labels hold all the given texts.
func (s scrape) sum(name string, labels ...string) float64 {
	total := 0.0
	for sample, v := range s {
		base, rest, _ := strings.Cut(sample, "{")
		if base == name && !slices.ContainsFunc(labels, func(l string) bool { return !strings.Contains(rest, l) }) {
			total += v
		}
	}
	return total
}

// backlog is how many messages wait in all lanes.
func (s scrape) backlog() float64 { return s.sum("messagehub_backlog_messages") }

// ended is how many messages have come to an end: those delivered, and those
// that failed or expired.
func (s scrape) ended() float64 {
	total := 0.0
	for _, kind := range []string{"delivered", "failed", "expired"} {
		total += s.sum("messagehub_events_total", `type="message.`+kind+`"`)
	}
	return total
}

// buckets is a histogram of the server, added up over its labels.
type buckets struct {
	bounds     []float64
	counts     map[float64]float64 // cumulated, by upper bound
	sum, count float64
}

func (s scrape) histogram(name string) buckets {
	h := buckets{counts: map[float64]float64{}, sum: s.sum(name + "_sum"), count: s.sum(name + "_count")}
	for sample, v := range s {
		base, rest, _ := strings.Cut(sample, "{")
		_, bound, ok := strings.Cut(rest, `le="`)
		if base != name+"_bucket" || !ok {
			continue
		}
		bound, _, _ = strings.Cut(bound, `"`)
		le, err := strconv.ParseFloat(bound, 64)
		if err != nil || math.IsNaN(le) {
			continue
		}
		if _, known := h.counts[le]; !known {
			h.bounds = append(h.bounds, le)
		}
		h.counts[le] += v
	}
	slices.Sort(h.bounds)
	return h
}

func (h buckets) mean() float64 {
	if h.count == 0 {
		return 0
	}
	return h.sum / h.count
}

// quantile returns the upper bound of the bucket that the quantile is in; 0
// where nothing was counted or no bound is known.
func (h buckets) quantile(q float64) float64 {
	for _, le := range h.bounds {
		if h.count > 0 && h.counts[le] >= q*h.count && !math.IsInf(le, 1) {
			return le
		}
	}
	return 0
}
