/** The workloads: what the reference's benchmark tool is told to do, and how much the store's revision must have risen by it. */

export interface Workload {
  readonly name: string;
  /** Arguments of the benchmark tool, without endpoints. */
  readonly args: readonly string[];
  /** Writes that the tool makes: the revision rises by exactly this many. */
  readonly writes: number;
}

/** Connections x requests in flight on each. */
interface Shape {
  readonly connections: number;
  readonly streams: number;
  readonly requests: number;
}

const shapes: readonly Shape[] = [
  { connections: 1, streams: 1, requests: 3_000 },
  { connections: 10, streams: 1, requests: 10_000 },
  { connections: 100, streams: 1, requests: 30_000 },
  { connections: 10, streams: 10, requests: 30_000 },
  { connections: 100, streams: 10, requests: 60_000 },
];

const load = ({ connections, streams }: Shape): string[] => [
  `--conns=${String(connections)}`,
  `--clients=${String(connections * streams)}`,
  '--precise',
];
const nameOf = (verb: string, { connections, streams }: Shape): string =>
  `${verb} ${String(connections)}x${String(streams)}`;

/** `scale` multiplies the number of requests; a tenth makes a quick look. */
export function workloads(scale: number): Workload[] {
  const scaled = (requests: number): number => Math.max(100, Math.round(requests * scale));
  const puts = shapes.map((shape) => {
    const writes = scaled(shape.requests);
    const total = `--total=${String(writes)}`;
    const args = [
      ...load(shape),
      'put',
      total,
      '--key-size=32',
      '--val-size=256',
      '--key-space-size=100000',
    ];
    return { name: nameOf('put', shape), args, writes };
  });
  const reads = (consistency: 'l' | 's'): Workload[] =>
    shapes.map((shape) => {
      const total = `--total=${String(scaled(shape.requests) * 2)}`;
      const args = [...load(shape), 'range', 'foo', total, `--consistency=${consistency}`];
      return { name: nameOf(consistency === 'l' ? 'read' : 'read (s)', shape), args, writes: 0 };
    });
  return [...puts, ...reads('l'), ...reads('s')];
}
