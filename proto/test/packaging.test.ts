/**
 * Goal: a program pays for what it imports, the index holds the whole client API, and a change of the generator is noticed. Method: follow the
 * imports of the sources; call the rewriting step with text that it does not know.
 */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import * as api from '../src/index.js';
import * as internal from '../src/internal.js';
import { asGo } from '../scripts/as-go.mjs';
import { messageTypes } from './reference.js';

const src = new URL('../src/', import.meta.url);

/** All files of ours that a file of src/ loads at run time, itself included. */
function loadedBy(path: string, seen: Set<string> = new Set()): Set<string> {
  if (seen.has(path)) return seen;
  seen.add(path);
  const url = new URL(path, src);
  const specifiers = readFileSync(url, 'utf8').matchAll(
    /^(?:import|export) (?!type)[^;]*? from ["'](\.[^"']+)\.js["'];/gms,
  );
  for (const [, specifier] of specifiers) {
    const target = new URL(`${specifier ?? ''}.ts`, url);
    loadedBy(target.pathname.slice(src.pathname.length), seen);
  }
  return seen;
}

it('loads the messages of keys alone for @kv/proto/kv', () => {
  expect([...loadedBy('kv.ts')].filter((path) => path.startsWith('gen/')).sort()).toEqual([
    'gen/etcdserverpb/header.ts',
    'gen/etcdserverpb/kv.ts',
    'gen/mvccpb/kv.ts',
  ]);
});

it('loads no message for @kv/proto/errors', () => {
  expect([...loadedBy('errors.ts')].sort()).toEqual(['errors.ts', 'grpc-code.ts']);
});

it('exports each message once: the client API from the index, the rest from ./internal', () => {
  const typesOf = (module: object): string[] =>
    Object.values(module).flatMap((value: unknown) =>
      typeof value === 'object' && value !== null && '$type' in value ? [String(value.$type)] : [],
    );
  const exported = [...typesOf(api), ...typesOf(internal)].sort();
  expect(exported).toEqual([...messageTypes.keys()].sort());
  const raft = typesOf(api).filter((name) => /^(raft|wal|snap|membership|lease)pb\./.test(name));
  expect(raft).toEqual([]);
});

it('stops when ts-proto generates decoders that it does not know', () => {
  const unknown = 'export const X: MessageFns<X, "x.X"> = {\n  decode(input, length) {},\n};\n';
  expect(() => asGo(unknown, '..')).toThrow(/0 of 1 decoders/);
  expect(asGo('export interface X {}\n', '..')).toBe('export interface X {}\n');
});

it.each([
  ['const reader = new BinaryReader(input);', 'BinaryReader'],
  ['message.a = A.decode(reader, reader.uint32(), 1);', 'message.a = A.decode'],
  ['message.a.push(A.decode(reader, reader.uint32(), 1));', '.decode(reader'],
  ['value: A.decode(reader, reader.uint32()), more: 1', 'value: A.decode'],
  ['const end2 = reader.pos + reader.uint32();', 'end2'],
  ['export type A = (typeof B)[keyof typeof B];', '[keyof typeof B];'],
  ['if (message.key !== "") writer.string(message.key);', 'message.key !== ""'],
  ['if (entry1.value !== undefined) set(entry1);', 'entry1.value !== undefined'],
])('stops at a fragment that is almost one that it knows: %s', (text, left) => {
  expect(() => asGo(`${text}\n`, '..')).toThrow(`not replaced: ${left}`);
});
