/**
 * `pnpm --filter @kv/raft simulate -- --seed N --count M --rounds R`: runs M seeds from N on; one where only N is given, a
 * thousand where nothing is. Exit codes: 1 a safety violation, 2 no progress in a calm cluster, 3 anything else that was thrown.
 */
import { argv, exit, stdout } from 'node:process';
import { parseArgs } from 'node:util';
import { LivenessFailure, SafetyViolation, simulate } from '@kv/raft/testing';

const { values } = parseArgs({
  args: argv.slice(2).filter((argument) => argument !== '--'),
  options: {
    seed: { type: 'string' },
    count: { type: 'string' },
    rounds: { type: 'string', default: '600' },
  },
});
const first = Number(values.seed ?? 1);
const count = Number(values.count ?? (values.seed === undefined ? 1000 : 1));
const rounds = Number(values.rounds);
stdout.write(`seeds ${first} to ${first + count - 1}, ${rounds} rounds each\n`);

const totals = {
  committed: 0,
  leaders: 0,
  crashes: 0,
  snapshots: 0,
  confChanges: 0,
  reads: 0,
  stranded: 0,
};
for (let seed = first; seed < first + count; seed += 1) {
  try {
    const result = simulate(seed, rounds);
    for (const key of Object.keys(totals) as (keyof typeof totals)[]) totals[key] += result[key];
  } catch (error) {
    stdout.write(`seed ${seed} fails\n`);
    console.error(error);
    exit(error instanceof SafetyViolation ? 1 : error instanceof LivenessFailure ? 2 : 3);
  }
}
stdout.write(`${count} seeds passed: ${JSON.stringify(totals)}\n`);
