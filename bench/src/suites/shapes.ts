/** Puts and reads by shape: from one request at a time to a thousand in flight. */
import type { LoadGenerator } from '../generators.js';
import type { Workload } from '../rounds.js';
import { inFlight, shapeName } from '../shape.js';
import type { Shape } from '../shape.js';

/** What puts should reach: fewer requests in flight leave less to batch. */
function putGoal(shape: Shape, members: number): number | undefined {
  const count = inFlight(shape);
  if (members > 1) return count >= 100 ? 2 : undefined;
  if (count >= 100) return 2;
  return count >= 10 ? 1.5 : 1.2;
}

function getGoal(shape: Shape): number | undefined {
  const count = inFlight(shape);
  if (count >= 100) return 2;
  return count === 1 ? 1.2 : undefined;
}

/** Slow servers and slow disks manage this; the first warm-up corrects it. */
const guessPerSecond = (shape: Shape): number => Math.min(10_000, 1000 * inFlight(shape));

export function shapeWorkloads(
  shapes: readonly Shape[],
  generator: LoadGenerator,
  members: number,
): Workload[] {
  const workload = (
    section: string,
    verb: string,
    shape: Shape,
    goal: number | undefined,
    run: Workload['run'],
  ): Workload => ({
    section,
    name: `${verb} ${shapeName(shape)}`,
    unit: 'requests/s',
    ...(goal === undefined ? {} : { goal }),
    guessPerSecond: guessPerSecond(shape),
    run,
  });
  const putSection = members > 1 ? `puts, ${String(members)} members` : 'puts';
  const puts = shapes.map((shape) =>
    workload(putSection, 'put', shape, putGoal(shape, members), (side, requests) =>
      generator.put(side, shape, requests),
    ),
  );
  if (members > 1) return puts;
  const gets = shapes.map((shape) =>
    workload('linearizable reads', 'get', shape, getGoal(shape), (side, requests) =>
      generator.get(side, shape, requests, false),
    ),
  );
  const serializable = shapes.map((shape) =>
    workload('serializable reads', 'get (s)', shape, undefined, (side, requests) =>
      generator.get(side, shape, requests, true),
    ),
  );
  return [...puts, ...gets, ...serializable];
}
