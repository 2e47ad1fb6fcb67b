// Goal: directories that were made are still there after power loss. Method: record which directories node:fs is asked to
// flush, for it is the only place where that shows.
import type * as fs from 'node:fs';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { nodeFileSystem } from './node-file-system.js';

const { opened, flushed } = vi.hoisted(() => ({
  opened: new Map<number, string>(),
  flushed: [] as string[],
}));

vi.mock('node:fs', async (importOriginal) => {
  const real = await importOriginal<typeof fs>();
  return {
    ...real,
    openSync: (path: string, flags: string) => {
      const descriptor = real.openSync(path, flags);
      opened.set(descriptor, path);
      return descriptor;
    },
    fsyncSync: (descriptor: number) => {
      flushed.push(opened.get(descriptor) ?? '');
      real.fsyncSync(descriptor);
    },
  };
});

let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'kv-wal-'));
  flushed.length = 0;
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

it('CP-15: a directory and its parents are durable: each one that holds a new name is flushed', () => {
  nodeFileSystem.makeDirectory(join(root, 'data', 'member', 'wal'));
  expect(flushed.map((path) => relative(root, path))).toEqual(['data/member', 'data', '']);
});

it('CP-15: a relative path is the same', () => {
  nodeFileSystem.makeDirectory(relative(process.cwd(), join(root, 'data', 'member')));
  expect(flushed.map((path) => relative(root, path))).toEqual(['data', '']);
});

it.skipIf(!existsSync('/proc'))('where no directory can be made it says so at once', () => {
  expect(() => {
    nodeFileSystem.makeDirectory('/proc/none/below');
  }).toThrow(expect.objectContaining({ code: 'ENOENT' }));
});

it('a directory that is there already is not flushed again', () => {
  nodeFileSystem.makeDirectory(root);
  expect(flushed).toEqual([]);
});
