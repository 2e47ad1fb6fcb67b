/** What the thread of the store and its workers tell each other. Types only: the worker imports nothing of ours. */

/** Given to a worker at its start. */
export interface WorkerInput {
  readonly path: string;
  /** Where better-sqlite3 was found, so that both threads use one copy of the library. */
  readonly engine: string;
}

interface WorkerRowAddress {
  readonly bucket: string;
  readonly key: Uint8Array;
}

export type WorkerRequest =
  | { readonly type: 'checkpoint' }
  /** Writes a compact copy to `target`, which must not exist. */
  | { readonly type: 'export'; readonly target: string; readonly rows: readonly WorkerRowAddress[] }
  | { readonly type: 'close' };

export type WorkerReply =
  /** Frames in the log when the checkpoint began, and how many of them are in the database and synced. */
  | { readonly type: 'checkpointed'; readonly logFrames: number; readonly movedFrames: number }
  /** The rows asked for, as the copy holds them. */
  | { readonly type: 'exported'; readonly rows: readonly (Uint8Array | undefined)[] }
  | { readonly type: 'closed' }
  | { readonly type: 'failed'; readonly code: string; readonly message: string };
