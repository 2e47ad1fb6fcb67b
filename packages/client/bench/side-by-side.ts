/**
 * Side by side with npm etcd3: puts and reads per second at 1, 10 and 100 in flight, against the same server.
 *
 * `node bench/side-by-side.ts 127.0.0.1:2379 [seconds] [rounds]`, after a build. The clients take turns; the result is the median of
 * the rounds. Every round is checked: the store's revision must have risen by exactly the puts that were acknowledged, and every read must have
 * found its value. One client, one process, one connection each; the server on the same machine.
 */
import { cpus, loadavg } from 'node:os';
import { Etcd3 } from 'etcd3';
import { Client } from '@kv/client';
import { grpcJsTransport } from '@kv/client/grpc-js';

const inFlights = [1, 10, 100] as const;
const keyBytes = 32;
const value = 'v'.repeat(256);
const keys = Array.from({ length: 1_000 }, (_, i) => `bench/${i}`.padEnd(keyBytes, '.'));

/** A client under test: what an application would write. */
interface Contender {
  readonly name: string;
  put(key: string): Promise<unknown>;
  get(key: string): Promise<string | null | undefined>;
  close(): void | Promise<void>;
}

async function contenders(endpoint: string): Promise<readonly Contender[]> {
  const etcd3 = new Etcd3({ hosts: `http://${endpoint}` });
  const grpcJs = await Client.open({ endpoints: [endpoint], transport: grpcJsTransport });
  const wire = await Client.open({ endpoints: [endpoint] });
  const ours = (name: string, client: Client): Contender => ({
    name,
    put: (key) => client.kv.put(key, value),
    get: async (key) => (await client.kv.find(key))?.text(),
    close: () => client.close(),
  });
  return [
    {
      name: 'etcd3',
      put: (key) => etcd3.put(key).value(value).exec(),
      get: (key) => etcd3.get(key).string(),
      close: () => {
        etcd3.close();
      },
    },
    ours('@kv/client (grpc-js)', grpcJs),
    ours('@kv/client', wire),
  ];
}

/** Calls per second with so many in flight. */
async function measure(
  act: (key: string) => Promise<unknown>,
  inFlight: number,
  seconds: number,
): Promise<{ readonly calls: number; readonly perSecond: number }> {
  const start = process.hrtime.bigint();
  const end = start + BigInt(Math.round(seconds * 1e9));
  let calls = 0;
  await Promise.all(
    Array.from({ length: inFlight }, async (_, lane) => {
      for (let i = lane; process.hrtime.bigint() < end; i += inFlight) {
        await act(keys[i % keys.length] ?? '');
        calls += 1;
      }
    }),
  );
  const elapsedSeconds = Number(process.hrtime.bigint() - start) / 1e9;
  return { calls, perSecond: calls / elapsedSeconds };
}

async function round(
  judge: Client,
  contender: Contender,
  inFlight: number,
  seconds: number,
): Promise<{ readonly puts: number; readonly reads: number }> {
  const before = (await judge.kv.get('bench')).revision;
  const puts = await measure((key) => contender.put(key), inFlight, seconds);
  const after = (await judge.kv.get('bench')).revision;
  if (after - before !== puts.calls) {
    throw new Error(`${contender.name}: ${puts.calls} puts, but ${after - before} revisions`);
  }
  const read = async (key: string): Promise<void> => {
    if ((await contender.get(key)) !== value) throw new Error(`${contender.name}: wrong value`);
  };
  const reads = await measure(read, inFlight, seconds);
  return { puts: puts.perSecond, reads: reads.perSecond };
}

function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

async function main(): Promise<void> {
  const [endpoint = '127.0.0.1:2379', seconds = '2', rounds = '3'] = process.argv.slice(2);
  say(`${cpus().length} cores, Node ${process.version}, ${load()}`);
  say(`${rounds} rounds of ${seconds} s, median; calls per second, and how many times etcd3's\n`);
  await using judge = await Client.open({ endpoints: [endpoint] });
  for (const key of keys) await judge.kv.put(key, value);
  const all = await contenders(endpoint);
  for (const contender of all) await round(judge, contender, 10, 0.5);
  say('| client | in flight | puts/s | reads/s |\n|---|---|---|---|');
  for (const inFlight of inFlights) {
    const results = all.map(({ name }) => ({ name, puts: [] as number[], reads: [] as number[] }));
    for (let i = 0; i < Number(rounds); i++) {
      for (const [at, contender] of all.entries()) {
        const { puts, reads } = await round(judge, contender, inFlight, Number(seconds));
        results[at]?.puts.push(puts);
        results[at]?.reads.push(reads);
      }
    }
    const [base] = results;
    for (const { name, puts, reads } of results) {
      say(`| ${name} | ${inFlight} | ${cell(puts, base?.puts)} | ${cell(reads, base?.reads)} |`);
    }
  }
  for (const contender of all) await contender.close();
  say(`\nafter: ${load()}`);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function load(): string {
  return `load ${loadavg()
    .map((each) => each.toFixed(1))
    .join(' ')}`;
}

function cell(mine: readonly number[], theirs: readonly number[] = mine): string {
  const rate = Math.round(median(mine)).toLocaleString('en');
  return `${rate} (${(median(mine) / median(theirs)).toFixed(1)}×)`;
}

await main();
