package result

import (
	"fmt"
	"io"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// SetLatency keeps a histogram of microseconds.
func (s *Side) SetLatency(h *hdrhistogram.Histogram) error {
	b, err := h.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
	if err != nil {
		return fmt.Errorf("encode histogram: %w", err)
	}
	s.Latency = string(b)
	return nil
}

// Histogram returns what SetLatency kept; nil: nothing was.
func (s *Side) Histogram() (h *hdrhistogram.Histogram, err error) {
	if s.Latency == "" {
		return nil, nil
	}
	defer func() { // the codec indexes by what it reads
		if p := recover(); p != nil {
			h, err = nil, fmt.Errorf("decode histogram of %q: it is damaged", s.Name)
		}
	}()
	if h, err = hdrhistogram.Decode([]byte(s.Latency)); err != nil {
		return nil, fmt.Errorf("decode histogram of %q: %w", s.Name, err)
	}
	return h, nil
}

// WriteHGRM writes a side's latency as HdrHistogram's percentile text, in
// milliseconds.
func (s *Side) WriteHGRM(w io.Writer) error {
	h, err := s.Histogram()
	if err != nil {
		return err
	}
	if h == nil {
		return fmt.Errorf("side %q has no latency", s.Name)
	}
	_, err = h.PercentilesPrint(w, 5, 1000)
	return err
}
