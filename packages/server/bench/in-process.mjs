/**
 * Puts and reads through a whole member on real files, without a transport: what is left is ours to make faster.
 * `node bench/in-process.mjs [inFlight] [seconds]`; needs a built workspace.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { kvService } from '@kv/proto';
import { Member, defaultMemberConfig } from '../dist/index.js';
import { FakeUnaryCall } from '../dist/testing/index.js';

const inFlight = Number(process.argv[2] ?? 1000);
const seconds = Number(process.argv[3] ?? 3);
const dir = mkdtempSync(join(tmpdir(), 'kv-bench-'));
const member = await Member.open({ ...defaultMemberConfig, dataDir: dir });
await member.ready;
const kv = member.services.find((service) => service.name === 'etcdserverpb.KV');

async function run(name, method, encode) {
  let done = 0;
  let failed = 0;
  const endMs = performance.now() + seconds * 1000;
  const worker = async () => {
    while (performance.now() < endMs) {
      const call = new FakeUnaryCall(encode(done));
      kv.methods[method].handler(call);
      await call.done();
      if (call.end.type === 'ok') done += 1;
      else failed += 1;
    }
  };
  const startMs = performance.now();
  const cpu = process.cpuUsage();
  await Promise.all(Array.from({ length: inFlight }, worker));
  const took = (performance.now() - startMs) / 1000;
  const used = process.cpuUsage(cpu);
  console.log(
    `${name} x${inFlight}: ${Math.round(done / took)}/s, failed ${failed}, cpu ${((used.user + used.system) / 1e6 / took).toFixed(2)}, rss ${Math.round(process.memoryUsage.rss() / 1e6)} MB`,
  );
}

const value = new Uint8Array(256).fill(118);
const key = (n) => Buffer.from(`key-${String(n % 100_000).padStart(28, '0')}`);
await run('put', 'Put', (n) =>
  kvService.put.request.encode({
    key: key(n),
    value,
    lease: 0n,
    prevKv: false,
    ignoreValue: false,
    ignoreLease: false,
  }),
);
await run('range', 'Range', (n) => Buffer.concat([Buffer.from([0x0a, 32]), key(n)]));
await member.close();
rmSync(dir, { recursive: true });
