package actors

import "slices"

// open makes the gates of senders that have none.
func (l *worldLane) open() {
	for _, s := range l.senders[len(l.gates):] {
		l.gates, l.stands = append(l.gates, newGate(s.pace, s.inFlight, 1)), append(l.stands, up)
	}
}

func (l *worldLane) choose() *choice {
	all := make([]candidate, len(l.senders))
	for i, s := range l.senders {
		all[i] = s.candidate
	}
	return newChoice(all)
}

// reload puts other senders in force. Those that are there keep their place.
func (w *world) reload(l *worldLane, senders []worldSender) {
	for i := range l.senders[1:] {
		s := &l.senders[1+i]
		s.gone = true
		if k := slices.IndexFunc(senders, func(o worldSender) bool { return o.name == s.name }); k >= 0 {
			s.share, s.gone = senders[k].share, false
			senders = slices.Delete(slices.Clone(senders), k, k+1)
		}
		l.gates[1+i].held = s.gone
	}
	l.senders = append(l.senders, senders...)
	l.open()
	l.events = append(l.events, event{kind: chosen, choice: l.choose()})
}
