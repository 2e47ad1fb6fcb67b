/** placeholder */
import type { Backend } from '@kv/mvcc';
import type { Message } from '@kv/raft';
import type { FileSystem } from '@kv/wal';

export interface Defect {
  readonly name: string;
  readonly fileSystem?: (fileSystem: FileSystem, machine: number) => FileSystem;
  readonly backend?: (backend: Backend, machine: number) => Backend;
  readonly sent?: (message: Message) => Message;
  readonly received?: (message: Message) => Message;
  readonly request?: (path: string, request: Uint8Array) => Uint8Array;
  readonly resends?: boolean;
  readonly resumesFromHeader?: boolean;
  readonly written?: (path: string, message: Uint8Array) => readonly Uint8Array[];
}
