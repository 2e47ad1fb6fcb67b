/** Where a member keeps what: etcd's layout, so that people and their tools find their way. */
import { join } from 'node:path';

export interface DataDir {
  readonly memberDir: string;
  /** `.snap` files and the database. */
  readonly snapDir: string;
  readonly databasePath: string;
  readonly walDir: string;
}

/** `walDir`: a place of its own for the log; `''` for the usual one. */
export function dataDirOf(dataDir: string, walDir: string): DataDir {
  const memberDir = join(dataDir, 'member');
  const snapDir = join(memberDir, 'snap');
  return {
    memberDir,
    snapDir,
    databasePath: join(snapDir, 'db'),
    walDir: walDir === '' ? join(memberDir, 'wal') : walDir,
  };
}
