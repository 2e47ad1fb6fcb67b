/**
 * Goal: TESTING.md stays true. Method: every promise, fault and crash point of the reliability specification has a row there, and
 * each row names test files that exist and that name it, or says that it is a gap, and why.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from './workspace.js';

const text = readFileSync(join(root, 'TESTING.md'), 'utf8');

/** Of the reliability specification: the last number of each kind. */
const kinds = { G: 18, F: 36, CP: 17 } as const;

const ids = Object.entries(kinds).flatMap(([kind, last]) =>
  Array.from({ length: last }, (_, n) => `${kind}-${String(n + 1)}`),
);

function rowOf(id: string): string | undefined {
  return text.split('\n').find((line) => new RegExp(`^\\| ${id} +\\|`).test(line));
}

describe('TESTING.md', () => {
  it.each(ids)('says what tests %s, or why nothing does', (id) => {
    const row = rowOf(id);
    expect(row, `${id} has no row`).toBeDefined();
    if (row === undefined) return;
    const files = [...row.matchAll(/`([^`]+\.test\.ts)`/g)].map(([, file]) => file ?? '');
    if (files.length === 0) {
      expect(row).toMatch(/gap: .{20,}/);
      return;
    }
    for (const file of files) {
      expect(existsSync(join(root, file)), `${file} does not exist`).toBe(true);
      const named = new RegExp(`\\b${id}\\b`).test(readFileSync(join(root, file), 'utf8'));
      expect(named, `${file} does not name ${id}`).toBe(true);
    }
  });
});
