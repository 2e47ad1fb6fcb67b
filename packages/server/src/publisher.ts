/** Tells the cluster this member's name and client URLs, through the log, at each start, until it has worked. */
import { RequestField } from './apply/entry-codec.js';
import { encodeMemberAttributesSet } from './apply/state-codec.js';
import type { Clock, Timer } from './clock.js';
import { rpcErrorOf } from './grpc/status.js';
import type { ClusterId, MemberId } from './ids.js';
import type { LogFields, Logger } from './logger.js';
import type { Proposer } from './request/proposer.js';

const RETRY_MS = 500;
const NO_LEADER_HINT =
  'there is no leader: more than half of the members must run and reach each other';

export interface PublisherParts {
  readonly proposer: Proposer;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly memberId: MemberId;
  readonly clusterId: ClusterId;
  readonly name: string;
  readonly clientUrls: readonly string[];
  /** How long an attempt may take. */
  readonly requestTimeoutMs: number;
}

export class Publisher {
  readonly #parts: PublisherParts;
  readonly #published: () => void;
  #retry: Timer | undefined;
  #closed = false;

  /** `published` is called once, when the entry has been applied here. */
  constructor(parts: PublisherParts, published: () => void) {
    this.#parts = parts;
    this.#published = published;
  }

  start(): void {
    const { proposer, memberId, name, clientUrls, clock, logger } = this.#parts;
    const fields = this.#fields();
    const request = encodeMemberAttributesSet(memberId, name, clientUrls);
    proposer.propose(proposer.draft(RequestField.memberAttributesSet, request), {
      applied: () => {
        logger.log('info', 'published local member to cluster through raft', fields);
        this.#published();
      },
      failed: (failure) => {
        if (this.#closed || failure === 'stopped') return;
        logger.log('warn', 'failed to publish local member to cluster through raft', {
          ...fields,
          error: rpcErrorOf(failure).message,
          // Nobody took it.
          ...(failure === 'notHandedOver' ? { hint: NO_LEADER_HINT } : {}),
        });
        this.#retry = clock.after(RETRY_MS, () => {
          this.start();
        });
      },
    });
  }

  #fields(): LogFields {
    const { memberId, clusterId, name, clientUrls, requestTimeoutMs } = this.#parts;
    return {
      'local-member-id': memberId,
      'local-member-attributes': `{Name:${name} ClientURLs:[${clientUrls.join(' ')}]}`,
      'cluster-id': clusterId,
      'publish-timeout': `${requestTimeoutMs / 1000}s`,
    };
  }

  close(): void {
    this.#closed = true;
    this.#retry?.cancel();
  }
}
