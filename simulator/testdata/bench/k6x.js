// What a k6 user writes to have sentsim's messages sent and judged.
import { Run } from 'k6/x/sentsim';

const run = new Run({ seed: 1, messages: 10000000, profile: 'calm', target: __ENV.URL, secret: __ENV.SECRET });

export const options = { vus: Number(__ENV.CONNECTIONS), duration: __ENV.DURATION };

export default () => run.message();

export function handleSummary(data) {
  const { count, rate } = data.metrics.sentsim_deliveries.values;
  return { stdout: JSON.stringify({ deliveries: count, seconds: count / rate }) + '\n' };
}
