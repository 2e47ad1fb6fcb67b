/**
 * What leases cost with a million of them, in processor time: `pnpm bench`, after `pnpm build`. Not measured: the log entries of grants and
 * revocations, which cost far more, and other work on the same thread.
 */
import { Lessor, Primary, leaseId } from '@kv/lease';
import type { Key } from '@kv/lease';

const LEASES = 1_000_000;
const TTL_SECONDS = 60;

function measure(what: string, count: number, action: () => void): void {
  const started = process.cpuUsage();
  action();
  const ms = process.cpuUsage(started).user / 1_000;
  const each = ((ms * 1e6) / count).toFixed(0);
  console.log(`${what.padEnd(44)} ${ms.toFixed(0).padStart(6)} ms  ${each.padStart(6)} ns each`);
}

const heapBefore = process.memoryUsage().heapUsed;
const lessor = new Lessor({ minTtlSeconds: 2 });
const primary = new Primary(lessor);
const ids = Array.from({ length: LEASES }, (_, i) => leaseId(BigInt(i * 7_919 + 1)));

primary.promote(0, 1_000);
measure('grant', LEASES, () => {
  for (const id of ids) lessor.grant(id, TTL_SECONDS);
  primary.settle(0);
});
measure('attach one key each', LEASES, () => {
  for (const [i, id] of ids.entries()) lessor.attach(id, `key-${i}` as Key);
});
const heapBytes = process.memoryUsage().heapUsed - heapBefore;
console.log(`heap for each lease with one key: ${(heapBytes / LEASES).toFixed(0)} bytes`);

let now = 0;
measure('renew, in order of grant', LEASES, () => {
  for (const id of ids) primary.renew(id, (now += 0.01));
});
measure('renew, in scattered order', LEASES, () => {
  for (let i = 0; i < LEASES; i++) {
    const id = ids[(i * 611_953) % LEASES];
    if (id !== undefined) primary.renew(id, (now += 0.01));
  }
});
measure('a round with nothing due (10,000 times)', 10_000, () => {
  for (let i = 0; i < 10_000; i++) primary.due(now);
});
measure('promote', LEASES, () => {
  primary.demote();
  primary.promote(now, 1_000);
});
measure('list, soonest first', LEASES, () => {
  primary.list();
});
measure('expire and revoke, 500 in a round', LEASES, () => {
  while (lessor.size > 0) for (const id of primary.due((now += 500))) lessor.revoke(id);
});
