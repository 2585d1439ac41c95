//go:build !linux

package tcp

import (
	"errors"
	"net"
	"time"
)

// Poller is not supported here.
type Poller struct{}

// NewPoller returns [errors.ErrUnsupported].
func NewPoller() (*Poller, error) { return nil, errors.ErrUnsupported }

func (*Poller) Take(net.Conn, any) (*Conn, error) { return nil, errors.ErrUnsupported }
func (*Poller) Watch(*Conn) error                 { return errors.ErrUnsupported }
func (*Poller) Throttle(*Conn) error              { return errors.ErrUnsupported }
func (*Poller) Release(*Conn) error               { return errors.ErrUnsupported }
func (*Poller) Ready() []*Conn                    { return nil }
func (*Poller) Throttled() []*Conn                { return nil }
func (*Poller) CountThrottled() int               { return 0 }
func (*Poller) Wait(time.Time) []*Conn            { return nil }
func (*Poller) Parked([]*Conn) []*Conn            { return nil }
func (*Poller) Open() int                         { return 0 }
func (*Poller) Wake()                             {}
func (*Poller) Close() error                      { return nil }

// Conn is never made here.
type Conn struct {
	net.Conn
	Owner any
}

func (*Conn) TryRead([]byte) (int, error)  { return 0, errors.ErrUnsupported }
func (*Conn) TryWrite([]byte) (int, error) { return 0, errors.ErrUnsupported }
func (*Conn) Park() bool                   { return false }
func (*Conn) Unpark()                      {}
func (*Conn) Ended() bool                  { return false }
func (*Conn) Throttled() bool              { return false }
