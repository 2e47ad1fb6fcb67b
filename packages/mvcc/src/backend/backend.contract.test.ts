// Every backend keeps the contract of backend.ts: the same cases on SQLite files and in memory.
import { writeFileSync } from 'node:fs';
import { describe, it } from 'vitest';
import { backendContract } from '../testing/backend-contract.js';
import type { BackendHarness } from '../testing/backend-contract.js';
import { MemoryBackend } from '../testing/memory-backend.js';
import { copyDatabase, inMemory, scratch } from '../../test/scratch.js';
import { SqliteBackend } from './sqlite-backend.js';

const { path } = scratch();

const sqlite: BackendHarness = {
  open: () => SqliteBackend.open(path()),
  async reopen(backend) {
    await backend.close();
    return SqliteBackend.open(backend.name);
  },
  async crash(backend) {
    const target = path();
    copyDatabase(backend.name, target);
    const survivor = await SqliteBackend.open(target);
    backend.rollback();
    await backend.close();
    return survivor;
  },
  openImage(image) {
    const target = path();
    writeFileSync(target, image);
    return SqliteBackend.open(target);
  },
  place(image, backend) {
    const file = `${backend.name}.received`;
    writeFileSync(file, image);
    return file;
  },
};

const files = new Map<string, Uint8Array>();
const readFile = (name: string): Uint8Array => files.get(name) ?? new Uint8Array(0);

const memory: BackendHarness = {
  open: () => Promise.resolve(new MemoryBackend({ readFile })),
  reopen: (backend) => Promise.resolve(inMemory(backend).crash(Infinity)),
  crash: (backend) => Promise.resolve(inMemory(backend).crash(2)),
  openImage: (image) => Promise.resolve(MemoryBackend.fromImage(image)),
  place(image) {
    files.set('received', image);
    return 'received';
  },
};

describe.each([
  ['SqliteBackend', sqlite],
  ['MemoryBackend', memory],
] as const)('%s', (_name, harness) => {
  for (const example of backendContract) it(example.name, () => example.run(harness));
});
