/** Raises the NOSPACE alarm of this member through the log, once at a time, however many requests find the store full. */
import { RequestField } from '../apply/entry-codec.js';
import { encodeAlarmActivation } from '../apply/state-codec.js';
import type { MemberId } from '../ids.js';
import type { Logger } from '../logger.js';
import type { Proposer } from './proposer.js';

export class SpaceAlarm {
  readonly #memberId: MemberId;
  readonly #proposer: Proposer;
  readonly #logger: Logger;
  #waiting: (() => void)[] | undefined;

  constructor(memberId: MemberId, proposer: Proposer, logger: Logger) {
    this.#memberId = memberId;
    this.#proposer = proposer;
    this.#logger = logger;
  }

  /** `then` is called when the alarm is in force, or could not be raised. */
  raise(then?: () => void): void {
    if (this.#waiting !== undefined) {
      if (then !== undefined) this.#waiting.push(then);
      return;
    }
    this.#waiting = then === undefined ? [] : [then];
    this.#logger.log('warn', 'message exceeded backend quota; raising alarm', {
      'local-member-id': this.#memberId,
    });
    const ended = (): void => {
      const waiting = this.#waiting ?? [];
      this.#waiting = undefined;
      for (const callback of waiting) callback();
    };
    const request = encodeAlarmActivation(this.#memberId, 'nospace');
    this.#proposer.propose(this.#proposer.draft(RequestField.alarm, request), {
      applied: ended,
      failed: ended,
    });
  }
}
