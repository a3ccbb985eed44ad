// A receiver that verifies deliveries by itself, with nothing but node:crypto.
import { createHmac, timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:http';

export async function startReceiver() {
  const receiver = { secret: '', status: 200, got: [] };
  const server = createServer((req, res) => {
    const chunks = [];
    req.on('data', (c) => chunks.push(c));
    req.on('end', () => {
      const body = Buffer.concat(chunks);
      receiver.got.push({
        id: req.headers['x-webhook-event-id'],
        type: req.headers['x-webhook-event-type'],
        genuine: verify(receiver.secret, req.headers, body),
        body: JSON.parse(body),
      });
      res.writeHead(receiver.status).end('seen');
    });
  });
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  receiver.url = `http://127.0.0.1:${server.address().port}/webhooks/sent`;
  receiver.take = () => receiver.got.splice(0);
  receiver.close = () => {
    server.closeAllConnections();
    server.close();
  };
  return receiver;
}

function verify(secret, headers, body) {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const signed = Buffer.concat([Buffer.from(`${headers['x-webhook-id']}.${headers['x-webhook-timestamp']}.`), body]);
  const want = Buffer.from('v1,' + createHmac('sha256', key).update(signed).digest('base64'));
  const got = Buffer.from(headers['x-webhook-signature'] ?? '');
  const age = Math.abs(Date.now() / 1000 - Number(headers['x-webhook-timestamp']));
  return got.length === want.length && timingSafeEqual(got, want) && age < 300;
}

// control calls the control interface and returns its data.
export async function control(method, path, body) {
  const res = await fetch(process.env.SENT_BASE_URL + '/_sentsim' + path, {
    method,
    headers: { 'x-api-key': process.env.SENT_DM_API_KEY, 'content-type': 'application/json' },
    body: body && JSON.stringify(body),
  });
  const text = await res.text();
  if (!res.ok) throw new Error(`${method} ${path}: ${res.status} ${text}`);
  return text ? JSON.parse(text).data : null;
}

// quiet lets time pass until nothing is left to happen.
export const quiet = () => control('POST', '/wait', { timeout: '20s' });
