/** `pnpm bench`: ours and etcd 3.7.1 side by side in one run, alternating, every workload verified. Usage: options.ts. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { isInstalled } from './command.js';
import type { LoadGenerator } from './generators.js';
import { h2loadGenerator, toolGenerator } from './generators.js';
import { describeMachine } from './machine.js';
import { parseOptions, usage } from './options.js';
import { findReference } from './reference.js';
import { jsonReport, markdownReport, withinMarks } from './report.js';
import { Run } from './run.js';

const say = (line: string): void => {
  process.stderr.write(`${line}\n`);
};

const args = process.argv.slice(2);
if (args.includes('--help')) {
  process.stdout.write(usage);
  process.exit(0);
}
const parsed = parseOptions(args);
if ('problems' in parsed) {
  say(`${parsed.problems.join('\n')}\n\n${usage}`);
  process.exit(2);
}
const { options } = parsed;
const reference = await findReference(say).catch((error: unknown) => {
  say(`bench: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(2);
});

const h2load = await isInstalled('h2load');
if (!h2load) {
  say(
    "bench: h2load is not installed (package nghttp2-client): etcd's benchmark tool makes the load, and takes most of the machine",
  );
}
const generator: LoadGenerator = h2load ? h2loadGenerator : toolGenerator(reference.benchmark);

const startedMs = performance.now();
const conditions = [
  ...describeMachine(),
  `load by ${generator.name}; ${String(options.rounds)} alternating rounds of about ${String(options.seconds)} s each; members on each side: ${String(options.members)}`,
];
const run = new Run({ options, reference, generator, h2load, say });

/** Prints and writes what has been measured. */
function publish(): void {
  const minutes = (performance.now() - startedMs) / 60_000;
  const facts = [...conditions, ...run.notes, `duration: ${minutes.toFixed(1)} minutes`];
  const report = markdownReport(facts, run.rows, run.problems);
  process.stdout.write(report);
  if (options.markdownFile !== undefined) {
    const file = options.markdownFile;
    const document = existsSync(file) ? readFileSync(file, 'utf8') : '';
    writeFileSync(file, withinMarks(document, report, options.members));
  }
  if (options.jsonFile !== undefined) {
    writeFileSync(options.jsonFile, jsonReport(facts, run.rows, run.problems));
  }
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    void run.abandon().finally(() => {
      publish();
      process.exit(130);
    });
  });
}
await run.all();
if (!run.isAbandoned()) {
  publish();
  process.exit(run.problems.length > 0 ? 1 : 0);
}
