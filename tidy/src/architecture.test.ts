/**
 * Goal: the packages stay strictly bottom-up. Method: read every import of every file and compare it with the one picture
 * of the arrows (ARCHITECTURE.md); an arrow that is not drawn fails.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { importsOf, readPackages, readSources, root } from './workspace.js';

/** What a package's shipped source may import of ours. Tests may also use the package's devDependencies. */
const arrows: Readonly<Record<string, readonly string[]>> = {
  '@kv/proto': [],
  '@kv/raft': [],
  '@kv/mvcc': [],
  '@kv/lease': [],
  '@kv/rpc': [],
  '@kv/wal': ['@kv/raft'],
  '@kv/watch': ['@kv/mvcc'],
  '@kv/server': [
    '@kv/raft',
    '@kv/wal',
    '@kv/mvcc',
    '@kv/lease',
    '@kv/watch',
    '@kv/rpc',
    '@kv/proto',
  ],
  '@kv/client': ['@kv/proto'],
  '@kv/ctl': ['@kv/client', '@kv/proto'],
  '@kv/testing': ['@kv/server', '@kv/client', '@kv/rpc', '@kv/wal', '@kv/mvcc', '@kv/raft'],
  '@kv/etcd': ['@kv/server'],
  '@kv/etcdctl': ['@kv/ctl'],
  '@kv/etcdutl': ['@kv/wal', '@kv/mvcc', '@kv/ctl', '@kv/proto', '@kv/raft'],
};

/** Which packages may use a library from outside: the ports stay ports. */
const outside: Readonly<Record<string, readonly string[]>> = {
  'better-sqlite3': ['@kv/mvcc'],
  '@grpc/grpc-js': ['@kv/client', '@kv/server', '@kv/rpc'],
  'prom-client': ['@kv/server'],
  yaml: ['@kv/server'],
};

/** The pure cores, and all that they may import: nothing of Node, and of another package the types of its model at most. */
const cores: Readonly<Record<string, readonly string[]>> = {
  '@kv/raft': [],
  '@kv/lease': [],
  '@kv/watch': ['@kv/mvcc/model'],
};

const packageName = (specifier: string): string =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');

describe.each(readPackages())('$manifest.name', ({ dir, manifest }) => {
  const sources = readSources(dir);
  const shipped = sources.filter((file) => !file.isTest);

  it('imports only what lies below it', () => {
    const allowed = arrows[manifest.name];
    expect(allowed, `${manifest.name} is missing from the picture of the arrows`).toBeDefined();
    const wrong = shipped.flatMap((file) =>
      importsOf(file)
        .filter((s) => s.startsWith('@kv/') && packageName(s) !== manifest.name)
        .filter((s) => !(allowed ?? []).includes(packageName(s)))
        .map((s) => `${file.path} imports ${s}`),
    );
    expect(wrong).toEqual([]);
  });

  it('declares what it imports, and imports what it declares', () => {
    const declared = new Set(Object.keys(manifest.dependencies ?? {}));
    const known = new Set([...declared, ...Object.keys(manifest.devDependencies ?? {})]);
    const external = (file: (typeof sources)[number]): string[] =>
      importsOf(file)
        .filter((s) => !s.startsWith('.') && !s.startsWith('node:'))
        .map(packageName)
        .filter((name) => name !== manifest.name);
    const undeclared = sources.flatMap((file) =>
      external(file)
        .filter((name) => !(file.isTest ? known : declared).has(name))
        .filter((name) => !(file.path.includes('/src/gen/') || (file.isTest && name === 'vitest')))
        .map((name) => `${file.path} imports ${name}`),
    );
    expect(undeclared).toEqual([]);
    const used = new Set(sources.flatMap(external));
    expect([...declared].filter((name) => !used.has(name))).toEqual([]);
  });

  it('uses outside libraries only where they belong', () => {
    const wrong = shipped.flatMap((file) =>
      importsOf(file)
        .map(packageName)
        .filter((name) => outside[name] !== undefined && !outside[name].includes(manifest.name))
        .map((name) => `${file.path} imports ${name}`),
    );
    expect(wrong).toEqual([]);
  });

  it('has a README, and a DESIGN with a sentence for each dependency', () => {
    expect(existsSync(join(root, dir, 'README.md')), `${dir}/README.md`).toBe(true);
    const dependencies = Object.keys(manifest.dependencies ?? {}).filter(
      (d) => !d.startsWith('@kv/'),
    );
    if (dir.startsWith('apps/') && dependencies.length === 0) return;
    const design = readFileSync(join(root, dir, 'DESIGN.md'), 'utf8');
    expect(dependencies.filter((name) => !design.includes(name))).toEqual([]);
  });
});

describe.each(Object.entries(cores))('%s, a core,', (name, allowed) => {
  it('imports nothing but its own files and the model that it is about', () => {
    const found = readPackages().find(({ manifest }) => manifest.name === name);
    expect(found, name).toBeDefined();
    const wrong = readSources(found?.dir ?? '')
      .filter((file) => !file.isTest)
      .flatMap((file) =>
        importsOf(file)
          .filter((s) => !s.startsWith('.') && !allowed.includes(s))
          .map((s) => `${file.path} imports ${s}`),
      );
    expect(wrong).toEqual([]);
  });
});
