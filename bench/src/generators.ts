/** Puts and reads in a shape, made by h2load or, where it is absent, by the reference's own tool. Both verify what they made. */
import { PutRequest, RangeRequest, kvService } from '@kv/proto';
import { runBenchmarkTool } from './benchmark-tool.js';
import type { Sample } from './comparison.js';
import { runH2load, sampleOf } from './h2load.js';
import type { H2loadResult, H2loadRun } from './h2load.js';
import { framed } from './rpc-client.js';
import { inFlight } from './shape.js';
import type { Shape } from './shape.js';
import type { Side } from './side.js';
import { withRevisionCheck } from './verified.js';

export const keyBytes = 32;
export const valueBytes = 256;

export interface LoadGenerator {
  readonly name: string;
  put(side: Side, shape: Shape, requests: number): Promise<Sample>;
  get(side: Side, shape: Shape, requests: number, serializable: boolean): Promise<Sample>;
}

const key = Buffer.alloc(keyBytes, 'k');
const put = PutRequest.create({ key, value: Buffer.alloc(valueBytes, 'v') });

/** One key of 32 bytes, overwritten with 256 bytes again and again. */
export function putsInShape(side: Side, shape: Shape, requests: number): H2loadRun {
  const { put: method } = kvService;
  const message = method.request.encode(put);
  return { endpoint: side.endpoint, path: method.path, message, shape, requests };
}

export function putsByH2load(side: Side, shape: Shape, requests: number): Promise<H2loadResult> {
  return withRevisionCheck(
    side,
    () => runH2load(putsInShape(side, shape, requests)),
    (result) => result.requests,
  );
}

/** A response that failed has no message, so the bytes of all messages tell whether each response was the expected one. */
async function getsByH2load(
  side: Side,
  shape: Shape,
  requests: number,
  serializable: boolean,
): Promise<H2loadResult> {
  await side.client.unary(kvService.put, put);
  const range = RangeRequest.create({ key, serializable });
  const expected = framed(await side.client.unaryBytes(kvService.range, range)).length;
  if (expected < keyBytes + valueBytes) throw new Error(`${side.name}: the read finds no value`);
  const message = kvService.range.request.encode(range);
  const { endpoint } = side;
  const run = { endpoint, path: kvService.range.path, message, shape, requests };
  const result = await runH2load(run);
  if (result.dataBytes !== expected * result.requests) {
    throw new Error(
      `${side.name}: ${String(result.requests)} responses have ${String(result.dataBytes)} bytes, not ${String(expected)} each`,
    );
  }
  return result;
}

export const h2loadGenerator: LoadGenerator = {
  name: 'h2load (one key of 32 B, value of 256 B)',
  put: async (side, shape, requests) => sampleOf(await putsByH2load(side, shape, requests)),
  get: async (side, shape, requests, serializable) =>
    sampleOf(await getsByH2load(side, shape, requests, serializable)),
};

/** The reference's tool with the same shapes. It takes more of the machine than the servers do. */
export function toolGenerator(program: string): LoadGenerator {
  const run = async (
    side: Side,
    { connections, streams }: Shape,
    words: readonly string[],
    requests: number,
  ): Promise<Sample> => {
    const [summary] = await runBenchmarkTool(program, side.endpoint, [
      `--conns=${String(connections)}`,
      `--clients=${String(connections * streams)}`,
      `--total=${String(requests)}`,
      ...words,
    ]);
    if (summary?.answered !== requests) {
      throw new Error(`${side.name}: not all of ${String(requests)} requests were answered`);
    }
    return summary;
  };
  return {
    name: "etcd's benchmark tool (100,000 keys of 32 B, values of 256 B)",
    put: (side, shape, requests) => {
      const total = Math.max(requests, inFlight(shape));
      const words = ['--key-size=32', '--val-size=256', '--key-space-size=100000'];
      return withRevisionCheck(
        side,
        () => run(side, shape, ['put', ...words], total),
        () => total,
      );
    },
    get: async (side, shape, requests, serializable) => {
      await side.client.unary(kvService.put, put);
      const words = ['range', key.toString(), `--consistency=${serializable ? 's' : 'l'}`];
      return run(side, shape, words, Math.max(requests, inFlight(shape)));
    },
  };
}
