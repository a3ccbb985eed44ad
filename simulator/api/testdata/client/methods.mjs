// Every method of the official client that sentsim emulates, errors included.
import assert from 'node:assert/strict';
import Sent from '@sentdm/sentdm';
import { quiet, startReceiver } from './receiver.mjs';

const client = new Sent({ maxRetries: 0 }); // SENT_BASE_URL and SENT_DM_API_KEY
const receiver = await startReceiver();
const nobody = '00000000-0000-4000-8000-000000000000';

// fails insists on the client's class of error, and on the code in its body.
async function fails(call, type, code, field) {
  await assert.rejects(call, (err) => {
    assert.ok(err instanceof type, `${err} is no ${type.name}`);
    assert.equal(err.error.error.code, code);
    assert.equal(err.error.success, false);
    assert.equal(err.headers.get('x-request-id'), err.error.meta.request_id);
    if (field) assert.ok(err.error.error.details[field].length > 0);
    return true;
  });
}

// --- webhooks
const made = await client.webhooks.create({
  display_name: 'orders',
  endpoint_url: receiver.url,
  event_types: ['messages', 'templates'],
  event_filters: { message: ['delivered', 'failed', 'read'] },
  retry_count: 2,
  timeout_seconds: 5,
  'Idempotency-Key': 'create-1',
});
const id = made.data.id;
receiver.secret = made.data.signing_secret;
assert.equal(made.success, true);
assert.equal(made.meta.version, 'v3');
assert.match(made.data.signing_secret, /^whsec_/);
assert.equal(made.data.is_active, true);
assert.deepEqual(made.data.event_filters, { message: ['delivered', 'failed', 'read'] });

const { data: twin, response } = await client.webhooks
  .create({ display_name: 'orders', endpoint_url: receiver.url, 'Idempotency-Key': 'create-1' })
  .withResponse();
assert.equal(twin.data.id, id);
assert.equal(response.headers.get('idempotent-replayed'), 'true');
assert.equal(response.headers.get('x-original-request-id'), made.meta.request_id);

await fails(() => client.webhooks.create({}), Sent.BadRequestError, 'VALIDATION_004', 'display_name');
await fails(() => client.webhooks.create({ display_name: 'x', endpoint_url: 'nope' }), Sent.BadRequestError, 'VALIDATION_001', 'endpoint_url');
await fails(
  () => client.webhooks.create({ display_name: 'x', endpoint_url: receiver.url, retry_count: 9 }),
  Sent.BadRequestError, 'VALIDATION_005', 'retry_count',
);
await fails(
  () => client.webhooks.create({ display_name: 'x', endpoint_url: receiver.url, 'Idempotency-Key': 'no spaces' }),
  Sent.BadRequestError, 'VALIDATION_007', 'Idempotency-Key',
);

assert.equal((await client.webhooks.retrieve(id)).data.signing_secret, null);
await fails(() => client.webhooks.retrieve(nobody), Sent.NotFoundError, 'RESOURCE_008');
await fails(() => client.webhooks.retrieve('7'), Sent.BadRequestError, 'VALIDATION_003', 'id');

const updated = await client.webhooks.update(id, { display_name: 'invoices', event_filters: null });
assert.equal(updated.data.display_name, 'invoices');
assert.equal(updated.data.event_filters, null);
assert.equal(updated.data.retry_count, 2);
await fails(() => client.webhooks.update(id, { event_types: ['nope'] }), Sent.BadRequestError, 'VALIDATION_006', 'event_types');
await fails(() => client.webhooks.update(nobody, {}), Sent.NotFoundError, 'RESOURCE_008');

const list = await client.webhooks.list({ page: 1, page_size: 10, search: 'invo', is_active: true });
assert.deepEqual(list.data.webhooks.map((w) => w.id), [id]);
assert.equal(list.data.pagination.total_count, 1);
assert.equal(list.data.pagination.has_more, false);
await fails(() => client.webhooks.list({ page: 0, page_size: 10 }), Sent.BadRequestError, 'VALIDATION_005', 'page');
assert.equal((await client.webhooks.list({})).data.pagination.page_size, 20);

const types = await client.webhooks.listEventTypes();
assert.deepEqual(types.data.event_types.map((t) => t.name), ['message', 'templates', 'contact', 'channel', 'link', 'call']);
assert.equal(types.data.pagination.total_count, 6);
assert.ok(types.data.event_types[0].sub_types.some((t) => t.name === 'message.delivered' && t.is_active));

const tested = await client.webhooks.test(id, { event_type: 'message.delivered' });
assert.equal(tested.data.success, true);
assert.deepEqual(receiver.take().map((d) => [d.type, d.genuine]), [['message.delivered', true]]);
receiver.status = 500;
assert.equal((await client.webhooks.test(id, { event_type: 'templates' })).data.success, false);
receiver.status = 200;
receiver.take();
await fails(() => client.webhooks.test(id, {}), Sent.BadRequestError, 'VALIDATION_004', 'event_type');
await fails(() => client.webhooks.test(id, { event_type: 'message.eaten' }), Sent.BadRequestError, 'VALIDATION_006', 'event_type');

const events = await client.webhooks.listEvents(id, { page: 1, page_size: 1, search: 'delivered' });
assert.equal(events.data.pagination.total_count, 2 - 1); // the failed one was a template's
assert.equal(events.data.events[0].delivery_status, 'DELIVERED');
assert.equal(events.data.events[0].http_status_code, 200);
assert.equal(events.data.events[0].event_data.payload.message_status, 'DELIVERED');
await fails(() => client.webhooks.listEvents(nobody, { page: 1, page_size: 1 }), Sent.NotFoundError, 'RESOURCE_008');

const rotated = await client.webhooks.rotateSecret(id, {});
assert.notEqual(rotated.data.signing_secret, receiver.secret);
receiver.secret = rotated.data.signing_secret;
await fails(() => client.webhooks.rotateSecret(nobody, {}), Sent.NotFoundError, 'RESOURCE_008');
assert.equal((await client.webhooks.test(id, { event_type: 'message.sent' })).data.success, true);
assert.equal(receiver.take()[0].genuine, true);

assert.equal((await client.webhooks.toggleStatus(id, { is_active: false })).data.is_active, false);
await fails(() => client.webhooks.test(id, { event_type: 'message.sent' }), Sent.BadRequestError, 'BUSINESS_010');
await fails(() => client.webhooks.toggleStatus(id, {}), Sent.BadRequestError, 'VALIDATION_004', 'is_active');
assert.equal((await client.webhooks.toggleStatus(id, { is_active: true })).data.is_active, true);

const sandbox = await client.webhooks.update(id, { display_name: 'tried', sandbox: true }).withResponse();
assert.equal(sandbox.response.headers.get('x-sandbox'), 'true');
assert.equal((await client.webhooks.retrieve(id)).data.display_name, 'invoices');

// --- templates
const definition = {
  header: null,
  body: {
    multiChannel: {
      type: null,
      template: 'Hello {{0:variable}}, your order is ready.',
      variables: [{ id: 0, name: 'name', type: 'variable', props: { variableType: 'text', sample: 'Ada' } }],
    },
    sms: null, whatsapp: null,
  },
  footer: null, buttons: null, definitionVersion: '1.0', authenticationConfig: null,
};
const draft = await client.templates.create({ category: 'UTILITY', language: 'en_US', definition, submit_for_review: false });
assert.equal(draft.data.status, 'DRAFT');
assert.deepEqual(draft.data.variables, ['name']);
await fails(() => client.templates.create({}), Sent.BadRequestError, 'VALIDATION_004', 'definition');
const renamed = await client.templates.update(draft.data.id, { name: 'ready', submit_for_review: true });
assert.equal(renamed.data.name, 'ready');
assert.equal(renamed.data.status, 'PENDING');
const rejected = await client.templates.create({ definition, creation_source: 'sentsim:rejected', submit_for_review: true });
await quiet();
assert.ok(receiver.take().every((d) => d.genuine && d.body.field === 'templates'));
assert.equal((await client.templates.retrieve(rejected.data.id)).data.status, 'REJECTED');
await fails(() => client.templates.retrieve(nobody), Sent.NotFoundError, 'RESOURCE_002');
const found = await client.templates.list({ page: 1, page_size: 10, status: 'REJECTED', category: 'MARKETING', search: 'order' });
assert.deepEqual(found.data.templates.map((t) => t.id), [rejected.data.id]);
await client.templates.delete(rejected.data.id, { delete_from_meta: true });
await fails(() => client.templates.delete(rejected.data.id, {}), Sent.NotFoundError, 'RESOURCE_002');

// --- messages
const sent = await client.messages.send({
  to: ['+15005550100', '+15005550111'],
  channel: ['whatsapp', 'sms'],
  template: { name: 'ready', parameters: { name: 'Ada' } },
  'Idempotency-Key': 'send-1',
});
assert.equal(sent.data.status, 'QUEUED');
assert.equal(sent.data.template_id, draft.data.id);
assert.equal(sent.data.template_name, 'ready');
assert.deepEqual(
  sent.data.recipients.map((r) => [r.to, r.channel, r.body]),
  ['+15005550100', '+15005550111'].flatMap((to) => ['whatsapp', 'sms'].map((ch) => [to, ch, 'Hello Ada, your order is ready.'])),
);
await quiet();
const statuses = [];
for (const r of sent.data.recipients) {
  const { data } = await client.messages.retrieveStatus(r.message_id);
  assert.equal(data.phone, r.to);
  assert.equal(data.events.at(-1).status, data.status);
  assert.equal(data.message_body.content, 'Hello Ada, your order is ready.');
  const log = (await client.messages.retrieveActivities(r.message_id)).data;
  assert.equal(log.activities[0].status, data.status);
  assert.equal(log.activities.at(-1).status, 'QUEUED');
  statuses.push(data.status);
}
assert.deepEqual(statuses, ['READ', 'DELIVERED', 'FAILED', 'FAILED']);
assert.equal((await client.messages.send({ to: ['+14155550100'], text: 'hi' })).data.recipients[0].channel, null);
await fails(() => client.messages.send({}), Sent.BadRequestError, 'VALIDATION_004', 'to');
await fails(() => client.messages.send({ to: ['4'], text: 'hi' }), Sent.BadRequestError, 'VALIDATION_002', 'to');
await fails(() => client.messages.send({ to: ['+14155550100'], template: { id: nobody } }), Sent.NotFoundError, 'RESOURCE_002');
await fails(() => client.messages.send({ to: ['+14155550100'], text: 'x', channel: ['fax'] }), Sent.BadRequestError, 'VALIDATION_006', 'channel');
await fails(() => client.messages.retrieveStatus(nobody), Sent.NotFoundError, 'RESOURCE_003');
await fails(() => client.messages.retrieveActivities('x'), Sent.BadRequestError, 'VALIDATION_003', 'id');

// --- the account, and who one is
const me = await client.me.retrieve();
assert.equal(me.data.type, 'user');
assert.equal(me.data.channels.sms.configured, true);
await fails(() => new Sent({ apiKey: 'wrong', maxRetries: 0 }).me.retrieve(), Sent.AuthenticationError, 'AUTH_002');
await fails(() => client.me.retrieve({}, { headers: { 'x-api-key': null } }), Sent.AuthenticationError, 'AUTH_001');

// --- what is not emulated says so, and is not tried again
const patient = new Sent({ maxRetries: 2 });
const before = Date.now();
await fails(() => patient.contacts.list({ page: 1, page_size: 1 }), Sent.InternalServerError, 'NOT_IMPLEMENTED');
await fails(() => patient.users.list(), Sent.InternalServerError, 'NOT_IMPLEMENTED');
await fails(() => patient.profiles.list(), Sent.InternalServerError, 'NOT_IMPLEMENTED');
assert.ok(Date.now() - before < 400, 'the client tried again what is not emulated');

// --- the end of a webhook
assert.equal(await client.webhooks.delete(id), null);
await fails(() => client.webhooks.delete(id), Sent.NotFoundError, 'RESOURCE_008');

receiver.close();
console.log('every method answers');
