/** Planted defects of consensus: read ids that come again, votes that are forgotten, members that are not what they were. */
import { NONE, RawNode } from '@kv/raft';
import { Wal } from '@kv/wal';
import { Membership } from '../cluster/membership.js';
import { Linearizable } from '../request/linearizable.js';
import { replaced } from './sabotage.js';

/** Bytes of a read's context that name the member; the rest counts its rounds. */
const PREFIX_BYTES = 2;

/** All rounds of reads of a member have one and the same id, so that an answer to an old one does for a new one. */
export function reusedReadIds(): () => void {
  /** What each member asked last, by its prefix. */
  const asked = new Map<number, Uint8Array>();
  const prefixOf = (context: Uint8Array): number => ((context[0] ?? 0) << 8) | (context[1] ?? 0);
  const removers = [
    replaced(
      RawNode.prototype,
      'readIndex',
      (readIndex) =>
        function (this: RawNode, context) {
          asked.set(prefixOf(context), context);
          const same = new Uint8Array(context.length);
          same.set(context.subarray(0, PREFIX_BYTES));
          readIndex.call(this, same);
        },
    ),
    replaced(
      Linearizable.prototype,
      'confirmed',
      (confirmed) =>
        function (this: Linearizable, context, index) {
          confirmed.call(this, asked.get(prefixOf(context)) ?? context, index);
        },
    ),
  ];
  return () => {
    for (const remove of removers) remove();
  };
}

/** Terms are written to the log, but not who was voted for in them. */
export function forgottenVotes(): () => void {
  return replaced(
    Wal.prototype,
    'append',
    (append) =>
      function (this: Wal, batch) {
        const { hardState } = batch;
        append.call(
          this,
          hardState === undefined ? batch : { ...batch, hardState: { ...hardState, vote: NONE } },
        );
      },
  );
}

/** A learner with another address is a voter from then on, on all members alike (history row H-M5). */
export function updatesThatMakeVoters(): () => void {
  return replaced(
    Membership.prototype,
    'apply',
    (apply) =>
      function (this: Membership, type, id, context, bucket) {
        const before = type === 'updateNode' ? this.find(id) : undefined;
        if (before === undefined) apply.call(this, type, id, context, bucket);
        else {
          const member = { ...before, peerUrls: context.member.peerUrls, isLearner: false };
          apply.call(this, 'addNode', id, { member, isPromotion: false }, bucket);
        }
      },
  );
}
