package smpp

import (
	"context"
	"crypto/tls"
	"net"
	"time"
)

// open connects and binds.
func (l *link) open(ctx context.Context) (*session, error) {
	o := &l.client.options
	ctx, cancel := context.WithTimeout(ctx, o.Connect)
	defer cancel()
	conn, err := o.connect(ctx)
	if err != nil {
		return nil, err
	}
	s := newSession(l.client, conn)
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	s.peer, err = s.bind(l.role)
	if !stop() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	return s, nil
}

func (o *Options) connect(ctx context.Context) (net.Conn, error) {
	conn, err := o.Dial(ctx, "tcp", o.Address)
	if err != nil || o.TLS == nil {
		return conn, err
	}
	secure := tls.Client(conn, o.TLS)
	if err := secure.HandshakeContext(ctx); err != nil {
		_ = conn.Close()
		return nil, err
	}
	return secure, nil
}

// bind binds, and returns what the SMSC calls itself.
func (s *session) bind(r role) (peer string, err error) {
	sequence, _ := s.window.register(false)
	defer s.window.take(sequence)
	request, err := encodeBind(&s.client.options, r, sequence)
	if err != nil {
		return "", err
	}
	if _, err := s.conn.Write(request); err != nil {
		return "", err
	}
	h, frame, _, err := readPDU(s.in, nil)
	switch {
	case err != nil:
		return "", err
	case h.id == cmdGenericNack:
		return "", &Refused{Status: nacked(h.status), Bind: true}
	case h.id != uint32(r)|response || h.sequence != sequence:
		return "", errNoBind
	case h.status != statusOK:
		return "", &Refused{Status: h.status, Bind: true}
	}
	return decodePeer(frame), nil
}
