package store

import (
	"errors"
	"fmt"

	"messagehub/store/message"
)

// checkDistributions goes through the distributions: what is of one must have
// one, and its runs of messages must be from before the log's end.
func (c *checker) checkDistributions() error {
	return eachRow(c.db, []byte{prefixDistribution}, func(key, value []byte) error {
		if problem := c.checkDistributionRow(key, string(value)); problem != nil {
			c.find("distribution", rowName(key), problem)
		}
		return nil
	})
}

func (c *checker) checkDistributionRow(key []byte, value string) error {
	ws, id, rest, err := splitDistributionKey(key)
	if err != nil {
		return err
	}
	switch kind := key[1]; {
	case kind == distributionPlan && len(rest) == 0:
		c.count("distribution")
		return c.checkDistribution(ws, id, value)
	case kind == distributionProgress && len(rest) == 0:
		if _, err := readRow(c.db, appendDistributionKey(nil, distributionPlan, ws, id)); err != nil {
			return errors.New("there is no distribution that it is of")
		}
		return nil
	}
	progress, err := readRow(c.db, appendDistributionKey(nil, distributionProgress, ws, id))
	var d message.Distribution
	if err != nil || decodeProgress(&d, progress) != nil {
		return errors.New("there is no distribution that it is of")
	}
	making := d.Progress.State == message.Expanding || d.Progress.State == message.Paused
	switch kind := key[1]; {
	case kind == distributionSpan && len(rest) == 4:
		span, err := decodeSpan(value)
		if last := span.First + message.Position(span.Count) - 1; err == nil && last.Sequence() > c.head.sequence {
			err = fmt.Errorf("it is from behind the end of the log, sequence %d", c.head.sequence)
		}
		return err
	case kind == distributionRecipients && len(rest) == 4 && making:
		var chunk message.RecipientChunk
		return decodeRecipients(&chunk, value)
	case kind == distributionMark && len(rest) == len(message.Mark{}) && making && value == "":
		return nil
	}
	return ErrBadRow
}

func (c *checker) checkDistribution(ws message.WorkspaceID, id message.ID, plan string) error {
	progress, err := readRow(c.db, appendDistributionKey(nil, distributionProgress, ws, id))
	if err != nil {
		return errors.New("it has no progress")
	}
	d, err := decodeDistribution(ws, id, plan, progress)
	if err != nil {
		return err
	}
	for n := range d.Progress.Spans {
		if _, err := readRow(c.db, appendNumberedKey(nil, distributionSpan, ws, id, n)); err != nil {
			return fmt.Errorf("run of messages %d is missing", n)
		}
	}
	for n := d.Progress.Cursor.Chunk; n < d.Plan.Chunks && d.Progress.State < message.DistributionCompleted; n++ {
		if _, err := readRow(c.db, appendNumberedKey(nil, distributionRecipients, ws, id, n)); err != nil {
			return fmt.Errorf("chunk %d of its recipients is missing", n)
		}
	}
	if p := &d.Progress; p.Held > p.Spans {
		return fmt.Errorf("%d of its %d runs of messages are to be released", p.Held, p.Spans)
	}
	if d.Version.Sequence() > c.head.sequence {
		return fmt.Errorf("it is from behind the end of the log, sequence %d", c.head.sequence)
	}
	return nil
}
