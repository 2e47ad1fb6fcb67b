/** The list of scripts that every server of ours is compared by. `CONFORMANCE_SEEDS=100` adds more random histories. */
import type { Script } from '../script.js';
import { kvScripts } from './kv.js';
import { leaseScripts } from './lease.js';
import { otherScripts } from './others.js';
import { randomScript } from './random.js';
import { txnScripts } from './txn.js';
import { watchScripts } from './watch.js';

const seeds = Number(process.env['CONFORMANCE_SEEDS'] ?? '5');
const firstSeed = 20_261_121;

export const scripts: readonly Script[] = [
  ...kvScripts,
  ...txnScripts,
  ...leaseScripts,
  ...watchScripts,
  ...otherScripts,
  ...Array.from({ length: seeds }, (_, n) => randomScript(firstSeed + n, 300)),
];
