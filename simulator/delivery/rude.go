package delivery

import (
	"context"
	"fmt"
	"net"
	"time"

	"github.com/sentsim/sentsim/simulator/clock"
)

// pieces is in how many a dawdling sender writes its request.
const pieces = 4

// dawdler writes to a connection in pieces with pauses in between.
type dawdler struct {
	conn  net.Conn
	ctx   context.Context //nolint:containedctx // lives as long as the attempt
	pause time.Duration
}

func (d dawdler) Write(p []byte) (int, error) {
	size, written := max(1, (len(p)+pieces-1)/pieces), 0
	for written < len(p) {
		if written > 0 {
			if err := (clock.Real{}).Sleep(d.ctx, d.pause); err != nil {
				return written, err
			}
		}
		n, err := d.conn.Write(p[written:min(written+size, len(p))])
		written += n
		if err != nil {
			return written, err
		}
	}
	return written, nil
}

// cut writes the request without the second half of its body and resets the
// connection. A body too short to be halved loses its end, or, if there is
// none, the request does.
func (s *sending) cut(request []byte, body int) Outcome {
	written := request[:len(request)-max(1, body/2)]
	if _, err := s.link.conn.Write(written); err != nil {
		return s.failed(err)
	}
	if tcp, ok := s.link.tcp.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // a reset instead of a goodbye
	}
	_ = s.link.tcp.Close()
	return Outcome{Kind: Reset, Err: fmt.Sprintf("the sender reset the connection after %d of %d bytes", len(written), len(request))}
}
