/**
 * Compares the store with those of the other members before this one takes part in anything: a store that is not what it should be never
 * votes and never serves (semantics.md §11; etcd v3.7.1 etcdserver/corrupt.go `InitialCheck`).
 */
import type { BootstrapNetwork } from '../cluster/bootstrap-network.js';
import type { MemberRecord } from '../cluster/member-record.js';
import { MemberError } from '../errors.js';
import { hexOf } from '../grpc/int64.js';
import type { ClusterId, MemberId } from '../ids.js';
import type { Logger } from '../logger.js';
import { hashRefusals, lookUpHash, type PeerHashAnswer } from './peer-hash.js';
import { describeHash, type StoreHash, type StoreHasher } from './store-hash.js';
import { initialSuspects } from './suspects.js';

export interface InitialCheckParts {
  readonly self: MemberId;
  readonly clusterId: ClusterId;
  /** As the store knows them. */
  readonly others: readonly MemberRecord[];
  readonly hasher: StoreHasher;
  readonly network: Pick<BootstrapNetwork, 'get'>;
  readonly logger: Logger;
  /** How long one address of a member may take to answer. */
  readonly timeoutMs: number;
}

/**
 * Rejects with MemberError `damaged_data` when the store of another member differs at the revision of this one, against the same
 * compaction. Who can not be asked, or compared, is named in the log and does not keep this member from starting.
 */
export async function initialCheck(parts: InitialCheckParts): Promise<void> {
  const { self, clusterId, others, hasher, network, logger, timeoutMs } = parts;
  const fields = { 'local-member-id': self };
  logger.log('info', 'starting initial corruption check', {
    ...fields,
    timeout: `${timeoutMs / 1000}s`,
  });
  const own = await hasher.hashAt(0);
  if (typeof own === 'string') throw failed(`${hexOf(self)} failed to fetch hash (${own})`);
  const lookup = { network, clusterId, revision: own.hashRevision, timeoutMs };
  const answers = await Promise.all(others.map((member) => lookUpHash(member, lookup)));
  for (const answer of answers) tell(parts, own, answer);
  if (initialSuspects(own, answers).length > 0) {
    const error = failed(`${hexOf(self)} found data inconsistency with peers`);
    logger.log('error', 'checkInitialHashKV failed', { ...fields, error });
    throw error;
  }
  logger.log('info', 'initial corruption checking passed; no corruption', {
    ...fields,
    'number-of-peers-checked': answers.filter(({ type }) => type === 'hash').length,
    'number-of-peers': others.length,
  });
}

function tell({ self, logger }: InitialCheckParts, own: StoreHash, answer: PeerHashAnswer): void {
  const fields = {
    'local-member-id': self,
    ...describeHash(own),
    'remote-peer-id': answer.id,
  };
  if (answer.type === 'none') {
    const { reason } = answer;
    logger.log('warn', whyNone[reason] ?? 'failed hash kv request', { ...fields, error: reason });
  } else if (answer.hash !== own.hash) {
    const isComparable = answer.compactRevision === own.compactRevision;
    const what = isComparable ? 'hash values' : 'compact revision values';
    logger.log('warn', `found different ${what} from remote peer`, {
      ...fields,
      'remote-peer-revision': answer.revision,
      'remote-peer-compact-revision': answer.compactRevision,
      'remote-peer-hash': answer.hash,
    });
  }
}

/** etcd's lines for what another member may answer instead of a hash. */
const whyNone: Readonly<Record<string, string>> = {
  [hashRefusals.future]: 'cannot fetch hash from slow remote peer',
  [hashRefusals.compacted]: 'cannot fetch hash from remote peer; local member is behind',
  'cluster ID mismatch': 'cluster ID mismatch',
};

function failed(message: string): MemberError {
  return new MemberError('damaged_data', message);
}
