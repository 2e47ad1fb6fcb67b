/** Replays the scenarios of etcd-io/raft, where they are at hand: in $ORACLE, or in ../shared/oracle/raft beside the repository. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { replayScript } from '../src/testing/replay.js';

const beside = fileURLToPath(new URL('../../../../shared/oracle/raft', import.meta.url));
const oracle = process.env['ORACLE'] ?? beside;
const own = fileURLToPath(new URL('../testdata', import.meta.url));

function replayFolder(folder: string): void {
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.txt'))) {
    it(file, () => {
      const { grade, differences } = replayScript(readFileSync(join(folder, file), 'utf8'));
      const [first] = differences;
      expect(first?.actual ?? '').toBe(first?.directive.expected ?? '');
      expect(grade).toBe('strict');
    });
  }
}

describe('our own scenarios', () => {
  for (const folder of readdirSync(own)) {
    describe(folder, () => {
      replayFolder(join(own, folder));
    });
  }
});

describe.skipIf(!existsSync(oracle))('scenarios of etcd-io/raft', () => {
  if (!existsSync(oracle)) {
    console.log(
      `skipped: the scenarios of etcd-io/raft are not at ${oracle} (set ORACLE to find them elsewhere)`,
    );
    return;
  }
  for (const folder of ['quorum', 'confchange', 'interaction']) {
    describe(folder, () => {
      replayFolder(join(oracle, folder));
    });
  }
});
