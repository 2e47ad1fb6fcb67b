// Holds a lock and writes through it without a pause, until a write is refused: `lock-holder.mjs <endpoint> <name>`.
import { Client } from '../../dist/index.js';

const [endpoint, name] = process.argv.slice(2);
const client = await Client.open({ endpoints: [endpoint] });
const lock = await client.lock(name, { ttlSeconds: 2 });
console.log(`held ${lock.token}`);
try {
  for (;;) await lock.put(`${name}-result`, 'holder');
} catch (error) {
  console.log(`refused ${error.code} ${error.outcome}`);
}
await client.close();
