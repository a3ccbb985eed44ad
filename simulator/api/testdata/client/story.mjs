// One full story with the official client: a receiver that fails is disabled,
// comes back, and gets a new secret.
import assert from 'node:assert/strict';
import Sent from '@sentdm/sentdm';
import { quiet, startReceiver } from './receiver.mjs';

const client = new Sent();
const receiver = await startReceiver();

// Register, send: the deliveries arrive, signed.
const hook = (await client.webhooks.create({ display_name: 'story', endpoint_url: receiver.url, retry_count: 1 })).data;
receiver.secret = hook.signing_secret;
const first = await client.messages.send({ to: ['+15005550101'], channel: ['whatsapp'], text: 'hello' });
await quiet();
const arrived = receiver.take();
assert.ok(arrived.length >= 2 && arrived.every((d) => d.genuine), 'a delivery is missing or forged');
assert.ok(arrived.every((d) => d.body.payload.message_id === first.data.recipients[0].message_id));
assert.ok(arrived.some((d) => d.body.payload.message_status === 'DELIVERED'));

// The receiver starts failing. Nine failed events leave the webhook active.
receiver.status = 503;
const fail = async (n) => {
  for (let i = 0; i < n; i++) await client.messages.send({ to: ['+15005550104'], text: 'lost' }); // one event each
  await quiet();
};
await fail(9);
let now = (await client.webhooks.retrieve(hook.id)).data;
assert.equal(now.is_active, true);
assert.equal(now.consecutive_failures, 9);

// The tenth disables it.
await fail(1);
now = (await client.webhooks.retrieve(hook.id)).data;
assert.equal(now.is_active, false);
assert.equal(now.consecutive_failures, 10);

// The history shows why: each event was tried twice and refused.
const failed = (await client.webhooks.listEvents(hook.id, { page: 1, page_size: 100, search: 'failed' })).data;
assert.equal(failed.pagination.total_count, 10);
for (const e of failed.events) {
  assert.equal(e.delivery_status, 'FAILED');
  assert.equal(e.delivery_attempts, 2);
  assert.equal(e.http_status_code, 503);
  assert.equal(e.response_body, 'seen');
  assert.match(e.error_message, /all 2 attempts failed/);
}
assert.equal(receiver.take().length, 20);

// Nothing is delivered meanwhile, and nothing later.
await client.messages.send({ to: ['+15005550101'], text: 'nobody hears of it' });
await quiet();
assert.equal(receiver.take().length, 0);

// Re-enabled, it is as good as new; nothing is redelivered.
receiver.status = 200;
now = (await client.webhooks.toggleStatus(hook.id, { is_active: true })).data;
assert.equal(now.is_active, true);
assert.equal(now.consecutive_failures, 0);
await quiet();
assert.equal(receiver.take().length, 0);

// Rotated: the old secret is dead, deliveries verify under the new one.
const rotated = (await client.webhooks.rotateSecret(hook.id, {})).data.signing_secret;
assert.notEqual(rotated, hook.signing_secret);
await client.messages.send({ to: ['+15005550104'], text: 'signed with the new one' });
await quiet();
assert.deepEqual(receiver.take().map((d) => d.genuine), [false]); // the receiver still has the old one
receiver.secret = rotated;
await client.messages.send({ to: ['+15005550101'], text: 'signed with the new one' });
await quiet();
const last = receiver.take();
assert.ok(last.length >= 2 && last.every((d) => d.genuine));

receiver.close();
console.log('the story ends well');
