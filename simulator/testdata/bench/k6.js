// What a k6 user writes to send signed deliveries.
import http from 'k6/http';
import crypto from 'k6/crypto';
import encoding from 'k6/encoding';

const key = encoding.b64decode(__ENV.SECRET.slice('whsec_'.length), 'std');
const id = __ENV.WEBHOOK_ID;
const body = __ENV.BODY;

export const options = { vus: Number(__ENV.CONNECTIONS), duration: __ENV.DURATION };

export default function () {
  const timestamp = Math.floor(Date.now() / 1000).toString();
  const signature = 'v1,' + crypto.hmac('sha256', key, `${id}.${timestamp}.${body}`, 'base64');
  http.post(__ENV.URL, body, {
    headers: {
      'Content-Type': 'application/json',
      'X-Webhook-ID': id,
      'X-Webhook-Timestamp': timestamp,
      'X-Webhook-Signature': signature,
      'X-Webhook-Event-Type': 'message.failed',
    },
  });
}

export function handleSummary(data) {
  const { count, rate } = data.metrics.http_reqs.values;
  return { stdout: JSON.stringify({ deliveries: count - data.metrics.http_req_failed.values.passes, seconds: count / rate }) + '\n' };
}
