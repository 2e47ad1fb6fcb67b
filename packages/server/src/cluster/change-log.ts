/** The lines that operators look for when the membership has changed, in etcd's words. */
import type { Effect, MembershipChange } from '../apply/applier.js';
import type { MemberId } from '../ids.js';
import type { Logger } from '../logger.js';
import type { MemberRecord } from './member-record.js';

const messages: Readonly<Record<MembershipChange, string>> = {
  added: 'added member',
  promoted: 'promote member',
  removed: 'removed member',
  updated: 'updated member',
};

/** `record`: the member that the change is about, as it is now; undefined when it is gone. */
export function tellChange(
  logger: Logger,
  self: MemberId,
  { change, memberId, problem }: Extract<Effect, { readonly type: 'membershipChanged' }>,
  record: MemberRecord | undefined,
): void {
  if (problem !== undefined) {
    logger.log('error', 'Validation on configuration change failed', {
      'local-member-id': self,
      'member-id': memberId,
      change,
      error: problem,
    });
    return;
  }
  logger.log('info', messages[change], {
    'local-member-id': self,
    'member-id': memberId,
    ...(record === undefined
      ? {}
      : { 'peer-urls': record.peerUrls, 'is-learner': record.isLearner }),
  });
}
