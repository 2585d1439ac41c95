// Takes events from the relay at argv[2], with the key argv[3], and has the
// reference library verify each: with one secret, with both of a rotation, and
// against a body that was changed.
import { createServer } from "node:http";
import { Webhook } from "standardwebhooks";

const [api, key] = process.argv.slice(2);
const received = [];
let arrived = () => {};

const server = createServer((req, res) => {
  const parts = [];
  req.on("data", (part) => parts.push(part));
  req.on("end", () => {
    received.push({ headers: req.headers, body: Buffer.concat(parts).toString("utf8") });
    res.end();
    arrived();
  });
});
await new Promise((done) => server.listen(0, "127.0.0.1", done));

async function call(method, path, body) {
  const answer = await fetch(api + "/api/v1" + path, {
    method,
    headers: { authorization: "Bearer " + key, "content-type": "application/json" },
    body: body && JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  return (await answer.json()).data;
}

async function until(enough) {
  while (!enough()) await new Promise((done) => (arrived = done));
}

async function send(reference) {
  await call("POST", "/messages/send", { to: "+14155550100", channel: "sms", content: "Hello", reference });
  const of = () => received.filter((r) => r.body.includes(`"reference":"${reference}"`));
  await until(() => of().length >= 3); // queued, sent, delivered
  return of();
}

function verify(requests, secret) {
  const webhook = new Webhook(secret);
  for (const r of requests) {
    const event = webhook.verify(r.body, r.headers);
    if (event.id !== r.headers["webhook-id"] || !event.type.startsWith("message.")) throw new Error("not an event: " + r.body);
    refuse(() => webhook.verify(r.body.replace("sms", "smz"), r.headers), "a changed body");
    refuse(() => webhook.verify(r.body, { ...r.headers, "webhook-id": "evt_other" }), "another id");
  }
  return requests.length;
}

function refuse(attempt, what) {
  let accepted = true;
  try {
    attempt();
  } catch {
    accepted = false;
  }
  if (accepted) throw new Error(what + " is accepted");
}

const endpoint = await call("POST", "/webhooks/endpoints", { url: `http://127.0.0.1:${server.address().port}/` });
let verified = verify(await send("first"), endpoint.secret);
const rotated = await call("POST", `/webhooks/endpoints/${endpoint.id}/rotate`, { overlap: 600 });
const both = await send("second");
verified += verify(both, endpoint.secret) + verify(both, rotated.secret);
const last = await call("POST", `/webhooks/endpoints/${endpoint.id}/rotate`, { overlap: 0 });
const one = await send("third");
verified += verify(one, last.secret);
for (const r of one) {
  refuse(() => new Webhook(rotated.secret).verify(r.body, r.headers), "a signature with the old secret");
}
server.close();
console.log(`standardwebhooks: ${verified} signatures verified, changed bodies and old secrets refused`);
process.exit(0);
