// An SMSC made of npm's "smpp", which decodes the texts itself. It prints its
// port, and writes a line of JSON for each message to the file that is named.
const fs = require('fs');
const smpp = require('smpp');

const ledger = fs.openSync(process.argv[2], 'a');
const note = (line) => fs.writeSync(ledger, JSON.stringify({ at: Date.now(), ...line }) + '\n');
let serial = 0xa000;
const throttled = new Set();

function answer(session, pdu) {
  const message = pdu.short_message || {};
  const udh = Buffer.concat((message.udh || []).map((e) => Buffer.from(e)));
  const to = pdu.destination_addr;
  if (to.endsWith('0158') && !throttled.has(to)) {
    throttled.add(to);
    note({ to, throttled: true });
    session.send(pdu.response({ command_status: smpp.ESME_RTHROTTLED }));
    return;
  }
  const id = (++serial).toString(16);
  note({ to, id, coding: pdu.data_coding, text: message.message, udh: udh.toString('hex') });
  session.send(pdu.response({ message_id: id }));
  if (pdu.registered_delivery) {
    session.deliver_sm({
      source_addr_ton: 1, source_addr_npi: 1, source_addr: to, destination_addr: pdu.source_addr, esm_class: 4,
      receipted_message_id: id, message_state: 2,
      short_message: `id:${id} sub:001 dlvrd:001 submit date:2611221200 done date:2611221201 stat:DELIVRD err:000 text:`,
    }, (reply) => note({ receipt: id, status: reply.command_status }));
  }
}

const server = smpp.createServer((session) => {
  session.on('error', () => {});
  session.on('bind_transceiver', (pdu) => {
    const known = pdu.system_id === 'esme' && pdu.password === 'secret';
    session.send(pdu.response({ command_status: known ? 0 : smpp.ESME_RINVPASWD, system_id: 'npm' }));
    if (!known) session.close();
  });
  session.on('submit_sm', (pdu) => answer(session, pdu));
  session.on('enquire_link', (pdu) => session.send(pdu.response()));
  session.on('unbind', (pdu) => { note({ unbound: true }); session.send(pdu.response()); session.close(); });
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
