// Verifies deliveries with the Node library of Standard Webhooks, as a receiver would: one JSON object a line on standard
// input, {secret, headers, body}; the first that does not verify ends it with status 1.
import { createInterface } from 'node:readline';
import { Webhook } from 'standardwebhooks';

let count = 0;
for await (const line of createInterface({ input: process.stdin })) {
  const { secret, headers, body } = JSON.parse(line);
  try {
    new Webhook(secret).verify(body, headers);
  } catch (error) {
    console.error(`delivery ${count + 1}: ${error.message}`);
    process.exit(1);
  }
  count += 1;
}
console.log(count);
