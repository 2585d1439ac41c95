package store

import "messagehub/store/message"

const batchVersion = 1

// appendBatch appends the value of a batch's row.
func appendBatch(dst []byte, b *message.Batch) []byte {
	dst = append(append(dst, batchVersion), bit(b.Test))
	dst = appendInt(appendTime(dst, b.CreatedAt), len(b.Items))
	for i := range b.Items {
		item := &b.Items[i]
		dst = append(dst, byte(item.Kind))
		if item.Kind == message.BatchRejected {
			dst = appendString(dst, item.Error)
			continue
		}
		dst = append(append(dst, item.ID[:]...), byte(item.Status))
	}
	return dst
}

// decodeBatch reads what appendBatch wrote. The texts are parts of text.
func decodeBatch(b *message.Batch, text string) error {
	r := openValue(text, batchVersion)
	b.Test = r.enum(1) == 1
	b.CreatedAt = r.time()
	b.Items = make([]message.BatchItem, r.count(MaxBatch))
	for i := range b.Items {
		item := &b.Items[i]
		item.Kind = message.BatchKind(r.enum(byte(message.BatchDuplicate)))
		if item.Kind == message.BatchRejected {
			item.Error = r.string()
			continue
		}
		r.bytes(item.ID[:])
		item.Status = r.status()
	}
	return r.done("batch")
}
