package smpp

import (
	"bufio"
	"context"
	"encoding/binary"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
)

// yes answers every request with success, and nothing else: what is measured
// is the ESME.
func yes(conn net.Conn) {
	defer conn.Close()
	r, w := bufio.NewReaderSize(conn, 64<<10), bufio.NewWriterSize(conn, 64<<10)
	var head [headerSize]byte
	for {
		if _, err := io.ReadFull(r, head[:]); err != nil {
			return
		}
		if _, err := r.Discard(int(binary.BigEndian.Uint32(head[:])) - headerSize); err != nil {
			return
		}
		body := []byte("2a9f\x00")
		binary.BigEndian.PutUint32(head[0:], uint32(headerSize+len(body)))
		head[4] |= 0x80
		_, _ = w.Write(head[:])
		_, _ = w.Write(body)
		if r.Buffered() < headerSize && w.Flush() != nil {
			return
		}
	}
}

func serveYes(t testing.TB) (address string) {
	l := listen(t)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go yes(conn)
		}
	}()
	return l.Addr().String()
}

const benchWindow = 100

// BenchmarkSubmit sends over one bind with a window of 100.
func BenchmarkSubmit(b *testing.B) {
	c := New(Options{Address: serveYes(b), SystemID: "esme", Window: benchWindow, Deliver: func([]Delivery) error { return nil }})
	start(b, c)
	m := short("14155550100", "Your order 1234 has shipped and arrives tomorrow.")
	var left atomic.Int64
	left.Store(int64(b.N))
	b.ReportAllocs()
	b.ResetTimer()
	var wg sync.WaitGroup
	for range benchWindow {
		wg.Go(func() {
			for left.Add(-1) >= 0 {
				if _, err := c.Submit(context.Background(), m); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
}

// BenchmarkBareSocket sends the same PDUs, encoded beforehand, over a socket:
// one goroutine writes as long as the window allows, one reads answers and
// gives places back.
func BenchmarkBareSocket(b *testing.B) {
	conn, err := net.Dial("tcp", serveYes(b))
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	frame, err := encodeSubmit(short("14155550100", "Your order 1234 has shipped and arrives tomorrow."))
	if err != nil {
		b.Fatal(err)
	}
	places := make(chan struct{}, benchWindow)
	b.ReportAllocs()
	b.ResetTimer()
	done := make(chan struct{})
	go func() {
		defer close(done)
		r := bufio.NewReaderSize(conn, 64<<10)
		for range b.N {
			if _, err := r.Discard(headerSize + 5); err != nil {
				b.Error(err)
				return
			}
			<-places
		}
	}()
	w := bufio.NewWriterSize(conn, 64<<10)
	for i := range b.N {
		select {
		case places <- struct{}{}:
		default:
			_ = w.Flush()
			places <- struct{}{}
		}
		_, _ = w.Write(setSequence(frame, uint32(i%maxSequence)+1))
	}
	_ = w.Flush()
	<-done
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
}
