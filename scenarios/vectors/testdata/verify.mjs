// A unit test with the vectors of sentsim: node verify.mjs vectors.json
import { createHmac, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';

// verify tells whether Sent signed this body within 300 s of now.
function verify(headers, body, secret, now) {
  const value = Object.fromEntries(Object.entries(headers).map(([name, v]) => [name.toLowerCase(), v]));
  const id = value['x-webhook-id'];
  const stamp = value['x-webhook-timestamp'];
  if (!id || !/^[0-9]+$/.test(stamp ?? '') || Math.abs(now - Number(stamp)) > 300) return false;
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const digest = createHmac('sha256', key).update(Buffer.from(`${id}.${stamp}.`, 'latin1')).update(body).digest('base64');
  const want = Buffer.from(`v1,${digest}`);
  return (value['x-webhook-signature'] ?? '').split(' ').some((one) => {
    const given = Buffer.from(one, 'latin1');
    return given.length === want.length && timingSafeEqual(given, want);
  });
}

const { vectors } = JSON.parse(readFileSync(process.argv[2], 'utf8'));
let wrong = 0;
for (const v of vectors) {
  const body = v.body === null ? Buffer.from(v.body_base64, 'base64') : Buffer.from(v.body);
  if (verify(v.headers, body, v.secret, v.now) !== (v.expect === 'accept')) {
    wrong++;
    console.log(`${v.id} (${v.rule}): not ${v.expect}ed. ${v.why}`);
  }
}
console.log(`${vectors.length - wrong} of ${vectors.length} right`);
process.exit(wrong || !vectors.length ? 1 : 0);
