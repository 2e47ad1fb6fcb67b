/** What the recipes use of a client. A namespace's `kv` fits too: names and keys are then below its prefix. */
import type { KvClient } from '../kv.js';
import type { LeaseClient } from '../lease.js';
import type { LeaseSession } from '../lease-session.js';
import type { Ambient } from '../wait.js';

export interface RecipeClient {
  readonly kv: KvClient;
  readonly lease: LeaseClient;
  readonly raw: Ambient;
}

/** A lease that somebody keeps alive. */
export type HeldLease = Pick<LeaseSession, 'id' | 'signal' | 'close'>;
