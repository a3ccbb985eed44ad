// What programs do with the official client, in Node's own test runner. It leaves
// nothing behind that a second run could stumble over, and needs no reset.
import assert from 'node:assert/strict';
import { randomInt, randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import Sent from '@sentdm/sentdm';
import { control, quiet, startReceiver } from './receiver.mjs';

const client = new Sent({ maxRetries: 0 }); // SENT_BASE_URL and SENT_DM_API_KEY
// One of millions: a contact who wrote to an earlier test has a conversation already.
const number = () => `+1415${randomInt(222, 1000)}${randomInt(2000, 10000)}`;
const receiver = await startReceiver();
let hook;

before(async () => {
  hook = (await client.webhooks.create({
    display_name: `programs ${randomUUID()}`,
    endpoint_url: receiver.url,
    event_filters: { message: ['delivered', 'read', 'failed', 'blocked', 'received'] },
    timeout_seconds: 5,
  })).data;
  receiver.secret = hook.signing_secret;
});

after(async () => {
  await client.webhooks.delete(hook.id);
  receiver.close();
});

// arrived lets everything happen and returns what came, each event once.
async function arrived() {
  await quiet();
  const got = receiver.take();
  assert.ok(got.every((d) => d.genuine), 'a delivery is not signed as it should be');
  const ids = got.map((d) => d.id);
  assert.equal(new Set(ids).size, ids.length, 'an event came twice');
  return got;
}

test('a webhook gets what its filters name', async () => {
  assert.deepEqual(hook.event_types, ['message', 'templates', 'contact', 'channel', 'link', 'call']);
  await client.messages.send({ to: ['+15005550101'], channel: ['sms'], text: 'hello' });
  assert.deepEqual((await arrived()).map((d) => d.type), ['message.delivered']);

  const flat = (await client.webhooks.update(hook.id, { event_types: ['message.queued', 'templates', 'contact'] })).data;
  assert.deepEqual(flat.event_types, ['message', 'templates', 'contact']);
  assert.deepEqual(flat.event_filters, { message: ['queued'] });
  await client.messages.send({ to: ['+15005550101'], channel: ['sms'], text: 'hello' });
  assert.deepEqual((await arrived()).map((d) => d.type), ['message.queued']);
  await client.webhooks.update(hook.id, { event_types: ['message', 'templates', 'contact'], event_filters: null });
});

test('several recipients and channels get one message each', async () => {
  const sent = (await client.messages.send({
    to: ['+15005550100', '+15005550112'], channel: ['sms', 'whatsapp', 'rcs'], text: 'hello',
  })).data;
  assert.equal(sent.recipients.length, 6);
  assert.equal(new Set(sent.recipients.map((r) => r.message_id)).size, 6);
  const got = await arrived();
  const ends = [];
  for (const r of sent.recipients) {
    const message = (await client.messages.retrieveStatus(r.message_id)).data;
    assert.equal(message.channel, r.channel);
    assert.ok(got.some((d) => d.body.payload.message_id === r.message_id && d.body.payload.message_status === message.status));
    ends.push(message.status);
  }
  assert.deepEqual(ends, ['DELIVERED', 'READ', 'READ', 'FAILED', 'FAILED', 'FAILED']);

  // Sent chooses: who promises to read gets a channel that tells of it.
  const auto = (await client.messages.send({ to: ['+15005550100'], text: 'hello' })).data.recipients[0];
  assert.equal(auto.channel, null);
  await arrived();
  const read = (await client.messages.retrieveStatus(auto.message_id)).data;
  assert.equal(read.status, 'READ');
  assert.ok(['whatsapp', 'rcs'].includes(read.channel));
});

test('a template is reviewed before it can be used', async () => {
  const definition = {
    header: { type: 'text', template: 'Order {{0:variable}}', variables: [{ id: 0, name: 'order', type: 'variable' }] },
    body: { multiChannel: { type: 'text', template: 'Hello {{0:variable}}', variables: [{ id: 0, name: 'name', type: 'variable' }] } },
    footer: { type: 'text', template: 'Thank you' },
    buttons: [{ id: 1, type: 'QUICK_REPLY', props: { text: 'Stop' } }],
  };
  const parameters = { name: 'Ada', order: '1043' };
  const draft = (await client.templates.create({ category: 'UTILITY', language: 'en_US', definition, submit_for_review: false })).data;
  assert.equal(draft.status, 'DRAFT');
  const early = (await client.messages.send({ to: ['+15005550101'], channel: ['whatsapp'], template: { id: draft.id, parameters } })).data;
  const refused = (await arrived()).find((d) => d.body.payload.message_status === 'BLOCKED');
  assert.equal(refused.body.payload.message_id, early.recipients[0].message_id);
  assert.equal(refused.body.payload.reason_code, 'BUSINESS_005');

  const pending = (await client.templates.update(draft.id, { submit_for_review: true })).data;
  assert.equal(pending.status, 'PENDING');
  assert.equal(pending.is_published, false);
  const review = await arrived();
  assert.deepEqual(review.map((d) => d.body.payload.status).sort(), ['APPROVED', 'PENDING']);
  assert.ok(review.every((d) => d.body.payload.template_id === draft.id && d.body.payload.template_name === draft.name));
  const approved = (await client.templates.retrieve(draft.id)).data;
  assert.deepEqual([approved.status, approved.category, approved.is_published], ['APPROVED', 'UTILITY', true]);

  const sent = (await client.messages.send({ to: ['+15005550100'], channel: ['whatsapp'], template: { id: draft.id, parameters } })).data;
  assert.equal(sent.recipients[0].body, 'Hello Ada');
  await arrived();
  const message = (await client.messages.retrieveStatus(sent.recipients[0].message_id)).data;
  assert.equal(message.status, 'READ');
  assert.equal(message.template_category, 'UTILITY');
  assert.equal(message.message_body.header, 'Order 1043');
  assert.equal(message.message_body.footer, 'Thank you');
  assert.equal(message.message_body.buttons[0].text, 'Stop');

  const rejected = (await client.templates.create({ definition, creation_source: 'sentsim:rejected', submit_for_review: true })).data;
  await arrived();
  assert.equal((await client.templates.retrieve(rejected.id)).data.status, 'REJECTED');
  const found = (await client.templates.list({ page: 1, page_size: 100, status: 'REJECTED' })).data;
  assert.ok(found.templates.some((t) => t.id === rejected.id));
  await client.templates.delete(rejected.id, {});
  await client.templates.delete(draft.id, {});
});

test('STOP has its consequences, and START ends them', async () => {
  const contact = number();
  await control('POST', '/inbound', { from: contact, text: 'STOP' });
  const stop = await arrived();
  assert.deepEqual(stop.map((d) => d.type).sort(), ['contact.opt_out', 'message.received']);
  const out = stop.find((d) => d.type === 'contact.opt_out').body;
  assert.equal(out.event, 'contact.opt_out');
  assert.deepEqual([out.payload.from, out.payload.opt_out, out.payload.source], [contact, true, 'INBOUND_KEYWORD']);

  await assert.rejects(() => client.messages.send({ to: [contact], text: 'are you there?' }), (err) => {
    assert.ok(err instanceof Sent.UnprocessableEntityError);
    assert.equal(err.error.error.code, 'BUSINESS_004');
    return true;
  });
  const both = (await client.messages.send({ to: [contact, '+15005550101'], channel: ['sms'], text: 'hello' })).data;
  await arrived();
  const ends = await Promise.all(both.recipients.map((r) => client.messages.retrieveStatus(r.message_id)));
  assert.deepEqual(ends.map((m) => m.data.status), ['BLOCKED', 'DELIVERED']);

  await control('POST', '/inbound', { from: contact, text: 'START' });
  await arrived();
  await client.messages.send({ to: [contact], template: { name: 'sentsim_delivered' } });
  await arrived();

  // The network can say it too; help changes nothing.
  await control('POST', '/contacts', { signal: 'opt_out', from: contact });
  await control('POST', '/contacts', { signal: 'help', from: contact });
  const signals = (await arrived()).map((d) => [d.type, d.body.payload.opt_out, d.body.payload.message_id]);
  assert.deepEqual(signals.sort(), [['contact.help', true, null], ['contact.opt_out', true, null]]);
});

test('text to WhatsApp needs an open conversation', async () => {
  const contact = number();
  const send = async () => (await client.messages.send({ to: [contact], channel: ['whatsapp'], text: 'hello' })).data.recipients[0].message_id;
  const closed = await send();
  await arrived();
  assert.equal((await client.messages.retrieveStatus(closed)).data.status, 'BLOCKED');
  await control('POST', '/inbound', { from: contact, text: 'hi', channel: 'whatsapp' });
  const open = await send();
  await arrived();
  assert.notEqual((await client.messages.retrieveStatus(open)).data.status, 'BLOCKED');
});

test('a rotated secret signs at once, a webhook that is off gets nothing', async () => {
  const rotated = (await client.webhooks.rotateSecret(hook.id, {})).data.signing_secret;
  assert.notEqual(rotated, receiver.secret);
  receiver.secret = rotated;
  await client.messages.send({ to: ['+15005550104'], text: 'hello' });
  assert.equal((await arrived()).length, 1);
  assert.equal((await client.webhooks.toggleStatus(hook.id, { is_active: false })).data.is_active, false);
  await client.messages.send({ to: ['+15005550104'], text: 'hello' });
  assert.equal((await arrived()).length, 0);
  assert.equal((await client.webhooks.toggleStatus(hook.id, { is_active: true })).data.is_active, true);
});

test('the history has pages and can be searched', async () => {
  const mine = `in the history ${randomUUID()}`;
  for (let i = 0; i < 3; i++) await client.messages.send({ to: ['+15005550104'], text: `${mine} ${i}` });
  await arrived();
  const first = (await client.webhooks.listEvents(hook.id, { page: 1, page_size: 2, search: mine })).data;
  assert.equal(first.pagination.total_count, 3);
  assert.equal(first.pagination.total_pages, 2);
  assert.equal(first.pagination.has_more, true);
  const second = (await client.webhooks.listEvents(hook.id, { page: 2, page_size: 2, search: mine })).data;
  const rows = [...first.events, ...second.events];
  assert.equal(new Set(rows.map((e) => e.id)).size, 3);
  assert.ok(rows.every((e) => e.delivery_status === 'DELIVERED' && e.event_data.payload.body.startsWith(mine)));
  assert.equal(second.pagination.has_more, false);
  assert.equal((await client.webhooks.list({ search: hook.display_name })).data.webhooks[0].id, hook.id);
});

test('a sandbox and a repeated key change nothing', async () => {
  const { data: tried, response } = await client.messages.send({ to: ['+15005550104'], text: 'tried', sandbox: true }).withResponse();
  assert.equal(response.headers.get('x-sandbox'), 'true');
  await assert.rejects(() => client.messages.retrieveStatus(tried.data.recipients[0].message_id), Sent.NotFoundError);
  const once = { to: ['+15005550104'], text: 'once', 'Idempotency-Key': `order-${randomUUID()}` };
  const first = await client.messages.send(once);
  const again = await client.messages.send(once).withResponse();
  assert.deepEqual(again.data.data, first.data);
  assert.equal(again.response.headers.get('idempotent-replayed'), 'true');
  assert.equal((await arrived()).length, 1);
});

test('errors say what is wrong', async () => {
  const code = (type, code) => (err) => {
    assert.ok(err instanceof type, `${err}`);
    assert.equal(err.error.error.code, code);
    assert.ok(err.headers.get('x-api-version') && err.headers.get('x-response-time'));
    return true;
  };
  const send = (change) => client.messages.send({ to: ['+15005550104'], text: 'hello', ...change });
  await assert.rejects(() => send({ to: ['15005550104'] }), code(Sent.BadRequestError, 'VALIDATION_002'));
  await assert.rejects(() => send({ channel: ['SMS'] }), code(Sent.BadRequestError, 'VALIDATION_006'));
  await assert.rejects(() => send({ 'x-profile-id': randomUUID() }), code(Sent.NotFoundError, 'NOT_FOUND'));
  await assert.rejects(() => client.webhooks.create({ display_name: 'x', endpoint_url: 'http://h:99999/' }), code(Sent.BadRequestError, 'VALIDATION_001'));
  await assert.rejects(() => client.messages.retrieveStatus(randomUUID()), code(Sent.NotFoundError, 'RESOURCE_003'));
});
