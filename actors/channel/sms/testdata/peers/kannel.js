// Sends through Kannel's smsbox, takes its delivery reports, and compares with
// the ledger of the simulated SMSC.
// usage: node kannel.js SENDSMS_PORT SIM_URL
const http = require('http');

const [port, sim] = process.argv.slice(2);
const texts = {
  '+14155550201': { text: 'Order @ £5 {€} ~ ü' },
  '+14155550202': { text: 'Order 1234 has shipped, [track] it for €0. '.repeat(12) },
  '+14155550203': { text: '주문이 발송되었습니다 😀 '.repeat(20), coding: 2 },
  '+14155550204': { text: 'Заказ отправлен. '.repeat(15), coding: 2 },
  '+9990000088': { text: 'throttled once, then taken' },
};
for (let i = 0; i < 200; i++) texts['+' + (14155552000 + i)] = { text: 'Message ' + i };

const reports = new Map();
const server = http.createServer((req, res) => {
  const query = new URL(req.url, 'http://localhost').searchParams;
  if (query.get('type') === '1') reports.set(query.get('to').trim(), (reports.get(query.get('to').trim()) || 0) + 1);
  res.end();
});

async function send(to, { text, coding = 0 }) {
  const callback = `http://127.0.0.1:${server.address().port}/dlr?type=%d&to=${encodeURIComponent(to)}`;
  const query = new URLSearchParams({ username: 'peer', password: 'peer', from: 'Relay', to, text, coding, charset: 'UTF-8', 'dlr-mask': 3, 'dlr-url': callback });
  const response = await fetch(`http://127.0.0.1:${port}/cgi-bin/sendsms?${query}`);
  if (response.status !== 202) throw new Error(`${to}: smsbox answered ${response.status} ${await response.text()}`);
}

const ledger = async () => (await (await fetch(sim + '/_sim/ledger')).text()).trim().split('\n').filter(Boolean).map(JSON.parse);

async function main() {
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  const began = Date.now();
  for (const [to, message] of Object.entries(texts)) await send(to, message);
  const numbers = Object.keys(texts);
  let lines = [];
  for (const until = Date.now() + 60000; Date.now() < until; await new Promise((done) => setTimeout(done, 100))) {
    lines = await ledger();
    if (lines.length >= numbers.length && reports.size >= numbers.length) break;
  }
  let bad = 0;
  for (const to of numbers) {
    const got = lines.filter((line) => line.to === to);
    if (got.length !== 1 || got[0].text !== texts[to].text || !reports.get(to)) {
      bad++;
      console.error(`${to}: ${got.length} messages, ${reports.get(to) || 0} reports, ${JSON.stringify(got[0] && got[0].text)}`);
    }
  }
  console.log(`peer Kannel: ${numbers.length} texts from its ESME, ${numbers.length - bad} byte-exact and reported delivered, ${lines.length} lines in the ledger, ${Date.now() - began} ms`);
  process.exit(bad || lines.length !== numbers.length ? 1 : 0);
}
main().catch((err) => { console.error(err); process.exit(1); });
