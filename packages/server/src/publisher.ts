/** Tells the cluster this member's name and client URLs, through the log, at each start, until it has worked. */
import { RequestField } from './apply/entry-codec.js';
import { encodeMemberAttributesSet } from './apply/state-codec.js';
import type { Clock, Timer } from './clock.js';
import type { MemberId } from './ids.js';
import type { Logger } from './logger.js';
import type { Proposer } from './request/proposer.js';

const RETRY_MS = 500;

export interface PublisherParts {
  readonly proposer: Proposer;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly memberId: MemberId;
  readonly name: string;
  readonly clientUrls: readonly string[];
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
    const request = encodeMemberAttributesSet(memberId, name, clientUrls);
    proposer.propose(proposer.draft(RequestField.memberAttributesSet, request), {
      applied: () => {
        logger.log('info', 'published local member to cluster through raft', {
          'local-member-id': memberId,
          'local-member-attributes': `{Name:${name} ClientURLs:[${clientUrls.join(' ')}]}`,
        });
        this.#published();
      },
      failed: (failure) => {
        if (this.#closed || failure === 'stopped') return;
        logger.log('warn', 'failed to publish local member to cluster through raft', {
          'local-member-id': memberId,
          error: failure,
        });
        this.#retry = clock.after(RETRY_MS, () => {
          this.start();
        });
      },
    });
  }

  close(): void {
    this.#closed = true;
    this.#retry?.cancel();
  }
}
