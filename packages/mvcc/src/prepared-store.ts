/** A database that was verified and indexed, and can take the place of a store. */
import type { Key, LeaseId } from './model.js';
import type { ConsistentIndex } from './options.js';
import type { StoreCore } from './store-core.js';

export class PreparedStore {
  /** The file that it is in. */
  readonly path: string;
  readonly consistentIndex: ConsistentIndex;
  /** JSON as etcd writes it. */
  readonly confState: Uint8Array | undefined;
  /** Of the store that it is given to. Its backend is closed until then. */
  readonly core: StoreCore;
  readonly leases: ReadonlyMap<Key, LeaseId>;

  constructor(
    path: string,
    consistentIndex: ConsistentIndex,
    confState: Uint8Array | undefined,
    core: StoreCore,
    leases: ReadonlyMap<Key, LeaseId>,
  ) {
    this.path = path;
    this.consistentIndex = consistentIndex;
    this.confState = confState;
    this.core = core;
    this.leases = leases;
  }
}
