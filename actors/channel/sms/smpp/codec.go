package smpp

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/linxGnu/gosmpp/data"
	"github.com/linxGnu/gosmpp/pdu"
)

// The command_ids that are acted upon.
const (
	cmdGenericNack = uint32(0x80000000)
	cmdSubmit      = uint32(0x04)
	cmdDeliver     = uint32(0x05)
	cmdUnbind      = uint32(0x06)
	cmdEnquireLink = uint32(0x15)
	cmdAlert       = uint32(0x102)
)

// The longest texts of SMPP 3.4, without their final zero.
const (
	maxSystemID     = 15
	maxPassword     = 8
	maxSystemType   = 12
	maxAddressRange = 40
	maxServiceType  = 5
	maxAddress      = 20
	maxShort        = 254
	maxTime         = 16
)

// Address is a number with its type and plan.
type Address struct {
	TON, NPI byte
	Number   string
}

// TLV is an optional parameter.
type TLV struct {
	Tag   uint16
	Value []byte
}

// ShortMessage is what a submit_sm says.
type ShortMessage struct {
	ServiceType  string
	Source, Dest Address
	ESMClass     byte
	Validity     string // validity_period, absolute or relative; empty for the SMSC's own
	Registered   byte   // registered_delivery
	DataCoding   byte
	Text         []byte // short_message, with its header if ESMClass says so
	TLVs         []TLV
}

// field is a text and how long it may be.
type field struct {
	name, value string
	longest     int
}

func checkLengths(fields ...field) error {
	for _, f := range fields {
		if len(f.value) > f.longest {
			return fmt.Errorf("%s has %d octets; SMPP allows %d", f.name, len(f.value), f.longest)
		}
	}
	return nil
}

// encodeSubmit makes a submit_sm with sequence number 0.
func encodeSubmit(m *ShortMessage) ([]byte, error) {
	err := checkLengths(
		field{"service_type", m.ServiceType, maxServiceType}, field{"source_addr", m.Source.Number, maxAddress},
		field{"destination_addr", m.Dest.Number, maxAddress}, field{"validity_period", m.Validity, maxTime},
		field{"short_message", string(m.Text), maxShort},
	)
	if err != nil {
		return nil, err
	}
	p := pdu.NewSubmitSM().(*pdu.SubmitSM)
	p.SetSequenceNumber(0)
	p.ServiceType, p.EsmClass, p.ValidityPeriod, p.RegisteredDelivery = m.ServiceType, m.ESMClass, m.Validity, m.Registered
	p.SourceAddr, p.DestAddr = m.Source.wire(), m.Dest.wire()
	// Neither can fail: the lengths are checked, and nothing is encoded here.
	_ = p.Message.SetMessageDataWithEncoding(m.Text, data.NewCustomEncoding(m.DataCoding, nil))
	for _, t := range m.TLVs {
		p.RegisterOptionalParam(pdu.Field{Tag: pdu.Tag(t.Tag), Data: t.Value})
	}
	return marshal(p), nil
}

func (a *Address) wire() pdu.Address {
	out := pdu.NewAddressWithTonNpi(a.TON, a.NPI)
	_ = out.SetAddress(a.Number)
	return out
}

// encodeBind makes the request for a bind.
func encodeBind(o *Options, r role, sequence uint32) ([]byte, error) {
	err := checkLengths(
		field{"system_id", o.SystemID, maxSystemID}, field{"password", o.Password, maxPassword},
		field{"system_type", o.SystemType, maxSystemType}, field{"address_range", o.AddressRange, maxAddressRange},
	)
	if err != nil {
		return nil, err
	}
	p := pdu.NewBindRequest(map[role]pdu.BindingType{
		receiver: pdu.Receiver, transmitter: pdu.Transmitter, transceiver: pdu.Transceiver,
	}[r])
	p.SystemID, p.Password, p.SystemType = o.SystemID, o.Password, o.SystemType
	p.AddressRange.AddressRange = o.AddressRange
	p.SetSequenceNumber(int32(sequence))
	return marshal(p), nil
}

// encodeDeliverResp makes a deliver_sm_resp; its message_id is empty.
func encodeDeliverResp(status, sequence uint32) []byte {
	p := pdu.NewDeliverSMResp().(*pdu.DeliverSMResp)
	p.CommandStatus = data.CommandStatusType(status)
	p.SetSequenceNumber(int32(sequence))
	return marshal(p)
}

func marshal(p pdu.PDU) []byte {
	b := pdu.NewBuffer(nil)
	p.Marshal(b)
	return b.Bytes()
}

// encodeHeader makes a PDU without a body.
func encodeHeader(id, status, sequence uint32) []byte {
	b := make([]byte, 0, headerSize)
	for _, n := range []uint32{headerSize, id, status, sequence} {
		b = binary.BigEndian.AppendUint32(b, n)
	}
	return b
}

// setSequence writes a sequence number into a PDU, and returns it.
func setSequence(frame []byte, sequence uint32) []byte {
	binary.BigEndian.PutUint32(frame[12:], sequence)
	return frame
}

// decode reads a PDU. What is of no other form than want's is an error.
func decode[P pdu.PDU](frame []byte) (p P, err error) {
	h := pdu.ParseHeader([headerSize]byte(frame))
	made, err := pdu.CreatePDUFromCmdID(h.CommandID)
	if err != nil {
		return p, err
	}
	p, ok := made.(P)
	if !ok {
		return p, errMalformed
	}
	return p, p.Unmarshal(pdu.NewBuffer(frame))
}

// decodeID returns the message_id of a submit_sm_resp. The codec takes one
// that does not end for an empty one, so neither counts.
func decodeID(frame []byte) (string, error) {
	p, err := decode[*pdu.SubmitSMResp](frame)
	if err != nil {
		return "", err
	}
	if p.MessageID == "" {
		return "", errMalformed
	}
	return p.MessageID, nil
}

// decodePeer returns the system_id of an answer to a bind; it may be missing.
func decodePeer(frame []byte) string {
	if p, err := decode[*pdu.BindResp](frame); err == nil {
		return p.SystemID
	}
	return ""
}

// decodeDelivery reads a deliver_sm.
func decodeDelivery(frame []byte) (Delivery, error) {
	p, err := decode[*pdu.DeliverSM](frame)
	if err != nil {
		return Delivery{}, err
	}
	d := Delivery{
		Source: addressOf(p.SourceAddr), Dest: addressOf(p.DestAddr), ESMClass: p.EsmClass,
		TLVs: make(map[uint16][]byte, len(p.OptionalParameters)),
	}
	d.DataCoding = dataCodingOf(frame)
	d.Text, _ = p.Message.GetMessageData()
	if header := p.Message.UDH(); len(header) > 0 {
		d.Header, _ = header.MarshalBinary() // which was read just now
	}
	for tag, f := range p.OptionalParameters {
		d.TLVs[uint16(tag)] = f.Data
	}
	if payload := d.TLVs[MessagePayload]; len(d.Text) == 0 {
		d.Text = payload
	}
	return d, nil
}

// dataCodingOf returns the data_coding of a deliver_sm that was decoded: the
// codec forgets those that it does not know.
func dataCodingOf(frame []byte) byte {
	rest := frame[headerSize:]
	for _, octets := range [...]int{2, 2, 3, 0, 2} { // after service_type, the addresses, the two times
		_, rest, _ = bytes.Cut(rest, []byte{0})
		if octets > len(rest) {
			return 0
		}
		rest = rest[octets:]
	}
	if len(rest) == 0 {
		return 0
	}
	return rest[0]
}

func addressOf(a pdu.Address) Address { return Address{a.Ton(), a.Npi(), a.Address()} }
