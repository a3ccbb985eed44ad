// An end-to-end test of an app against sentsim, with nothing but Node:
//
//   sentsim serve --clock virtual &
//   node e2e.mjs
import assert from 'node:assert/strict';
import { createServer } from 'node:http';

const base = process.env.SENT_BASE_URL ?? 'http://127.0.0.1:8700';
const key = process.env.SENT_DM_API_KEY ?? 'sentsim';

async function call(method, path, body) {
  const headers = { 'x-api-key': key, 'content-type': 'application/json' };
  const res = await fetch(base + path, { method, headers, body: body && JSON.stringify(body) });
  const answer = await res.json();
  if (!answer.success) throw new Error(`${method} ${path}: ${answer.error.code} ${answer.error.message}`);
  return answer.data;
}

// The app under test: it keeps each message's status, and answers who writes to it.
const statuses = new Map();
const app = createServer((req, res) => {
  let text = '';
  req.on('data', (chunk) => (text += chunk));
  req.on('end', async () => {
    const { event, payload } = JSON.parse(text);
    if (event === 'message.received') await call('POST', '/v3/messages', { to: [payload.inbound_number], text: 'Thanks!' });
    else statuses.set(payload.message_id, payload.message_status);
    res.writeHead(200).end();
  });
});
await new Promise((listening) => app.listen(0, '127.0.0.1', listening));

// Begin anew, and register the app's webhook.
await call('POST', '/_sentsim/reset');
const endpoint_url = `http://127.0.0.1:${app.address().port}/webhooks/sent`;
const hook = await call('POST', '/v3/webhooks', { display_name: 'app', endpoint_url });

// A message to a magic number is read. Its first delivery is lost on the way, so a
// retry brings it a minute later: on the virtual clock that takes no time at all.
await call('POST', '/_sentsim/faults', { fault: 'refuse', event_type: 'message.queued' });
const sent = await call('POST', '/v3/messages', { to: ['+15005550100'], channel: ['whatsapp'], text: 'Hello' });
await call('POST', '/_sentsim/wait');
const { message_id } = sent.recipients[0];
assert.equal((await call('GET', `/v3/messages/${message_id}`)).status, 'READ');
assert.notEqual(statuses.get(message_id), undefined);

// Everything that was delivered, with every attempt.
const { deliveries } = await call('GET', `/_sentsim/deliveries?webhook_id=${hook.id}`);
assert.deepEqual(deliveries[0].attempts.map((a) => a.outcome), ['refused', 'answered']);
assert.ok(deliveries.every((d) => d.delivery_status === 'DELIVERED'));

// A contact writes, and the app answers once.
await call('POST', '/_sentsim/inbound', { from: '+14155550123', text: 'Is it ready?' });
await call('POST', '/_sentsim/wait');
const { messages } = await call('GET', '/_sentsim/messages?search=%2B14155550123');
assert.deepEqual(messages.map((m) => [m.direction, m.message_body.content]), [
  ['inbound', 'Is it ready?'],
  ['outbound', 'Thanks!'],
]);

// Any event, at any time: this one says that a message was delivered a second time.
await call('POST', '/_sentsim/events', { type: 'message.delivered', payload: { message_id } });
await call('POST', '/_sentsim/clock/advance', { by: '1h' });

app.closeAllConnections();
app.close();
console.log('ok');
