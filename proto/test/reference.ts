/** The files of testdata/, which the real implementation printed, and every generated message by its full name. */
import { readFileSync } from 'node:fs';
import * as health from '../src/gen/health/v1/health.js';
import * as authpb from '../src/gen/authpb/auth.js';
import * as auth from '../src/gen/etcdserverpb/auth.js';
import * as cluster from '../src/gen/etcdserverpb/cluster.js';
import * as header from '../src/gen/etcdserverpb/header.js';
import * as kv from '../src/gen/etcdserverpb/kv.js';
import * as lease from '../src/gen/etcdserverpb/lease.js';
import * as maintenance from '../src/gen/etcdserverpb/maintenance.js';
import * as metadata from '../src/gen/etcdserverpb/metadata.js';
import * as raftInternal from '../src/gen/etcdserverpb/raft_internal.js';
import * as watch from '../src/gen/etcdserverpb/watch.js';
import * as leasepb from '../src/gen/leasepb/lease.js';
import * as membershippb from '../src/gen/membershippb/membership.js';
import * as mvccpb from '../src/gen/mvccpb/kv.js';
import * as raftpb from '../src/gen/raftpb/raft.js';
import * as snappb from '../src/gen/snappb/snap.js';
import * as election from '../src/gen/v3electionpb/election.js';
import * as lock from '../src/gen/v3lockpb/lock.js';
import * as walpb from '../src/gen/walpb/record.js';
import type { MessageType } from '../src/codec.js';

const modules = [
  health,
  authpb,
  auth,
  cluster,
  header,
  kv,
  lease,
  maintenance,
  metadata,
  raftInternal,
  watch,
  leasepb,
  membershippb,
  mvccpb,
  raftpb,
  snappb,
  election,
  lock,
  walpb,
];

export type AnyType = MessageType<unknown>;

const isMessageType = (value: unknown): value is AnyType =>
  typeof value === 'object' && value !== null && '$type' in value;

/** Every generated message object by full name. */
export const messageTypes: ReadonlyMap<string, AnyType> = new Map(
  modules
    .flatMap((module): unknown[] => Object.values(module))
    .filter(isMessageType)
    // An entry of a map is no message that anybody sends alone.
    .filter((type) => !type.$type.endsWith('Entry') || type.$type === 'raftpb.Entry')
    .map((type) => [type.$type, type]),
);

export function messageType(name: string): AnyType {
  const type = messageTypes.get(name);
  if (type === undefined) throw new Error(`no generated message is called ${name}`);
  return type;
}

/** Lines of a file in testdata/. */
export function referenceLines(name: string): string[] {
  const text = readFileSync(new URL(`../testdata/${name}`, import.meta.url), 'utf8');
  return text.split('\n').filter((line) => line !== '');
}

/** `-` stands for no bytes. */
export function bytesOfHex(hex: string): Uint8Array {
  return hex === '-' ? new Uint8Array(0) : new Uint8Array(Buffer.from(hex, 'hex'));
}

export function hexOfBytes(bytes: Uint8Array): string {
  return bytes.length === 0 ? '-' : Buffer.from(bytes).toString('hex');
}
