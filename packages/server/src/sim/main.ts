/**
 * `pnpm sim -- --seed N [--count M] [--minutes M] [--defect name] [--verbose]`: runs simulations from a seed on, each seed printed before it runs.
 * Exit codes: 0 all is well, 1 correctness, 2 liveness, 3 crash, 64 usage.
 */
import { argv, exit, stdout } from 'node:process';
import { parseArgs } from 'node:util';
import { systemClock } from '../clock.js';
import { systemRandom } from '../random.js';
import { simulate, type SimulationResult } from './simulation.js';
import { Statistics } from './statistics.js';
import { exitCodes } from './violation.js';

const MS_PER_MINUTE = 60_000;
const SEEDS = 0x7fff_ffff;

const { values } = parseArgs({
  args: argv.slice(2).filter((argument) => argument !== '--'),
  options: {
    seed: { type: 'string' },
    count: { type: 'string' },
    minutes: { type: 'string' },
    defect: { type: 'string' },
    verbose: { type: 'boolean', default: false },
  },
});
const first = values.seed === undefined ? systemRandom(SEEDS) : Number(values.seed);
const minutes = values.minutes === undefined ? undefined : Number(values.minutes);
const count = values.count === undefined ? (minutes === undefined ? 1 : Infinity) : Number(values.count);
const endMs = systemClock.monotonicMs() + (minutes ?? Infinity) * MS_PER_MINUTE;

const total = new Statistics();
let simulatedMs = 0;
let seeds = 0;
for (let seed = first; seeds < count && systemClock.monotonicMs() < endMs; seed++) {
  stdout.write(`seed ${seed}\n`);
  const result = await simulate(seed, values.verbose ? { print: (line) => stdout.write(`${line}\n`) } : {});
  seeds += 1;
  total.add(result.statistics);
  simulatedMs += result.simulatedMs;
  if (result.violation !== undefined) fail(result);
  stdout.write(`  ${result.traceHash} ${result.statistics.toString()}\n`);
}
stdout.write(`${seeds} seeds, ${(simulatedMs / MS_PER_MINUTE).toFixed(0)} simulated minutes, no violation: ${total.toString()}\n`);

function fail({ seed, violation, lines, traceHash }: SimulationResult): never {
  if (!values.verbose) for (const line of lines) stdout.write(`${line}\n`);
  stdout.write(`seed ${seed} fails after trace ${traceHash}: ${violation?.message ?? ''}\n`);
  if (violation?.cause instanceof Error) stdout.write(`${violation.cause.stack ?? ''}\n`);
  stdout.write(`again: pnpm sim -- --seed ${seed}\n`);
  exit(exitCodes[violation?.kind ?? 'crash']);
}
