/**
 * Goal: clients see no difference between our daemon and etcd 3.7.1. Method: the same scripts against a fresh member of each; every
 * field of every answer must be equal, except sizes and terms, and except what `expected-differences.ts` lists with its reason.
 * `CONFORMANCE_SEEDS=100` runs more random histories.
 */
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { DaemonProcess, temporaryDirectory } from '../e2e/daemon-process.js';
import { expectedDifferences } from './expected-differences.js';
import { Session } from './script.js';
import type { Script } from './script.js';
import { kvScripts } from './scripts/kv.js';
import { leaseScripts } from './scripts/lease.js';
import { otherScripts } from './scripts/others.js';
import { randomScript } from './scripts/random.js';
import { txnScripts } from './scripts/txn.js';
import { watchScripts } from './scripts/watch.js';
import { Wire } from './wire.js';

const reference = join(process.env['REF'] ?? join(homedir(), 'ref'), 'etcd');
const available = existsSync(reference);
if (!available) {
  process.stdout.write(`conformance skipped: no reference at ${reference} (set REF)\n`);
}

const seeds = Number(process.env['CONFORMANCE_SEEDS'] ?? '5');
const firstSeed = 20_261_121;
const scripts: readonly Script[] = [
  ...kvScripts,
  ...txnScripts,
  ...leaseScripts,
  ...watchScripts,
  ...otherScripts,
  ...Array.from({ length: seeds }, (_, n) => randomScript(firstSeed + n, 300)),
];

/** Runs a script on a fresh member of a program and returns its transcript. */
async function transcriptOf(
  script: Script,
  program: string | undefined,
): Promise<readonly string[]> {
  const directory = temporaryDirectory();
  const address = '127.0.0.1:21450';
  const client = `http://${address}`;
  const peer = 'http://127.0.0.1:21451';
  const daemon = new DaemonProcess({
    ...(program === undefined ? {} : { program }),
    args: [
      '--name=m',
      `--data-dir=${directory.path}/data`,
      `--listen-client-urls=${client}`,
      `--advertise-client-urls=${client}`,
      `--listen-peer-urls=${peer}`,
      `--initial-advertise-peer-urls=${peer}`,
      `--initial-cluster=m=${peer}`,
      '--unsafe-no-fsync',
    ],
  });
  const wire = new Wire(address);
  try {
    await daemon.line('ready to serve client requests');
    const session = new Session(wire);
    await script.run(session);
    return session.transcript.lines;
  } finally {
    wire.close();
    await daemon.end();
    directory.remove();
  }
}

describe.skipIf(!available)('our daemon answers as etcd 3.7.1', () => {
  test.each(scripts.map((script) => [script.name, script] as const))(
    '%s',
    { timeout: 120_000 },
    async (name, script) => {
      // One after the other on the same addresses: ids of member and cluster derive from them and must be equal, too.
      const theirs = await transcriptOf(script, reference);
      const ours = await transcriptOf(script, undefined);
      const excused = expectedDifferences.filter((difference) => difference.script === name);
      const differs = theirs.flatMap((line, at) =>
        line === ours[at] || excused.some((difference) => difference.line.test(line))
          ? []
          : [{ at, etcd: line, ours: ours[at] }],
      );
      expect(differs.slice(0, 10)).toEqual([]);
      expect(ours).toHaveLength(theirs.length);
    },
  );
});
