/** What a planted defect may put between members, machines and clients (see `defects.ts`). */
import type { Backend } from '@kv/mvcc';
import type { FileSystem } from '@kv/wal';

/** One simulation's share of a defect. */
export interface Sabotage {
  readonly fileSystem?: (fileSystem: FileSystem, machine: number) => FileSystem;
  readonly backend?: (backend: Backend, machine: number) => Backend;
  /** What a member gets of a client's unary request. */
  readonly request?: (path: string, request: Uint8Array) => Uint8Array;
  /** What a client gets of one response of a stream. */
  readonly written?: (path: string, message: Uint8Array) => readonly Uint8Array[];
  /** What a member gets of a snapshot that was damaged on its way. */
  readonly arrived?: (sent: Buffer, damaged: Buffer) => Buffer;
  /** What a member verifies before it installs the copy of a store with these bytes. */
  readonly verified?: (image: Uint8Array) => Uint8Array;
  /** Clients repeat what they got no answer to. */
  readonly resends?: boolean;
  /** Watchers go on after the revision of some answer's header, not of the last event. */
  readonly resumesFromHeader?: boolean;
  /** Undoes what was put in the place of methods. */
  readonly remove?: () => void;
}

/** Puts another method in the place of one, for all objects of the class. Returns how to undo that. */
export function replaced<K extends string, T extends Record<K, unknown>>(
  prototype: T,
  name: K,
  make: (original: T[K]) => T[K],
): () => void {
  const original = prototype[name];
  prototype[name] = make(original);
  return () => {
    prototype[name] = original;
  };
}
