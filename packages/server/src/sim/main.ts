/**
 * `pnpm sim -- --seed N [--count M] [--minutes M] [--defect name] [--fault kind=ms] [--all] [--verbose]`: runs simulations from a seed on,
 * each seed printed before it runs. `--fault` gives every seed this fault, at this mean time between two.
 * Exit codes: 0 all is well, 1 correctness, 2 liveness, 3 crash, 64 usage.
 */
import { argv, exit, stdout } from 'node:process';
import { parseArgs } from 'node:util';
import { systemClock } from '../clock.js';
import { systemRandom } from '../random.js';
import { defects, findDefect } from './defects.js';
import { faultKinds, type FaultKind } from './options.js';
import { simulate, type SimulationResult, type SimulationSettings } from './simulation.js';
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
    fault: { type: 'string', multiple: true, default: [] },
    /** Goes on after a seed that fails. */
    all: { type: 'boolean', default: false },
    verbose: { type: 'boolean', default: false },
  },
});
const first = values.seed === undefined ? systemRandom(SEEDS) : Number(values.seed);
const minutes = values.minutes === undefined ? undefined : Number(values.minutes);
const count =
  values.count === undefined ? (minutes === undefined ? 1 : Infinity) : Number(values.count);
const endMs = systemClock.monotonicMs() + (minutes ?? Infinity) * MS_PER_MINUTE;

const defect = values.defect === undefined ? undefined : findDefect(values.defect);
if (values.defect !== undefined && defect === undefined) {
  stdout.write(
    `no such defect: ${values.defect}; there are ${defects.map(({ name }) => name).join(', ')}\n`,
  );
  exit(64);
}
const always = new Map(values.fault.map(faultOf));
const settings: SimulationSettings = {
  always,
  ...(defect === undefined ? {} : { defect }),
  ...(values.verbose ? { print: (line: string) => stdout.write(`${line}\n`) } : {}),
};

const total = new Statistics();
let simulatedMs = 0;
let seeds = 0;
let failed: SimulationResult | undefined;
for (let seed = first; seeds < count && systemClock.monotonicMs() < endMs; seed++) {
  stdout.write(`seed ${seed}\n`);
  const result = await simulate(seed, settings);
  seeds += 1;
  total.add(result.statistics);
  simulatedMs += result.simulatedMs;
  if (result.violation !== undefined) {
    failed ??= result;
    tell(result);
    if (!values.all) break;
  }
  stdout.write(`  ${result.traceHash} ${result.statistics.toString()}\n`);
}
const minutesText = (simulatedMs / MS_PER_MINUTE).toFixed(0);
const verdict = failed === undefined ? 'no violation' : `seed ${failed.seed} fails`;
stdout.write(`${seeds} seeds, ${minutesText} simulated minutes, ${verdict}: ${total.toString()}\n`);
if (failed?.violation !== undefined) exit(exitCodes[failed.violation.kind]);

function tell({ seed, violation, lines, traceHash }: SimulationResult): void {
  if (!values.verbose) for (const line of lines) stdout.write(`${line}\n`);
  stdout.write(`seed ${seed} fails after trace ${traceHash}: ${violation?.message ?? ''}\n`);
  if (violation?.cause instanceof Error) stdout.write(`${violation.cause.stack ?? ''}\n`);
  const faults = values.fault.map((fault) => ` --fault ${fault}`).join('');
  stdout.write(`again: pnpm sim -- --seed ${seed}${faults}\n`);
}

/** `churn=500` */
function faultOf(text: string): readonly [FaultKind, number] {
  const [name, everyMs] = text.split('=');
  const kind = faultKinds.find((known) => known === name);
  if (kind !== undefined && Number(everyMs) > 0) return [kind, Number(everyMs)];
  stdout.write(
    `no such fault: ${text}; there are ${faultKinds.join(', ')}, each as in churn=500\n`,
  );
  return exit(64);
}
