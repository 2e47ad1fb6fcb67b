/**
 * What one simulated member answers another beside Raft: its version, what a leader knows of leases, promotions; and what it tells a
 * machine that has no log yet (http.md §12.2).
 */
import type { LeaseId } from '@kv/lease';
import { LeaseKeepAliveRequest, LeaseKeepAliveResponse } from '@kv/proto';
import { LeaseInternalRequest } from '@kv/proto/internal';
import type { LookupAnswer } from '../cluster/bootstrap-network.js';
import { memberToJson, type MemberRecord } from '../cluster/member-record.js';
import { PROMOTE_PATH, promotionRefusals } from '../cluster/promotion.js';
import type { MemberId } from '../ids.js';
import { RENEW_PATH, TIME_TO_LIVE_PATH, writeRemainingTime } from '../lease/lease-questions.js';
import type { LeaseAnswer } from '../lease/primary-answers.js';
import type { Member } from '../member.js';
import type { PeerApi } from '../peer/cluster-routes.js';
import type { PeerAnswer, PeerRequest } from '../peer/transport.js';
import { SERVER_VERSION } from '../version.js';

/** `answered` is called at most once, now or later. */
export function answerPeer(
  api: PeerApi,
  { path, body }: PeerRequest,
  answered: (answer: PeerAnswer) => void,
): void {
  if (path.startsWith(PROMOTE_PATH)) {
    promote(api, BigInt(path.slice(PROMOTE_PATH.length)) as MemberId, answered);
    return;
  }
  switch (path) {
    case '/version':
      answered({
        status: 200,
        body: Buffer.from(JSON.stringify({ etcdserver: SERVER_VERSION })),
      });
      return;
    case RENEW_PATH: {
      const { ID } = LeaseKeepAliveRequest.decode(body);
      api.leases.renew(ID as LeaseId, (answer) => {
        answered(
          leaseAnswer(answer, ({ ttlSeconds }) =>
            LeaseKeepAliveResponse.encode({
              header: undefined,
              ID,
              TTL: BigInt(ttlSeconds),
            }).finish(),
          ),
        );
      });
      return;
    }
    case TIME_TO_LIVE_PATH: {
      const { LeaseTimeToLiveRequest: question } = LeaseInternalRequest.decode(body);
      const id = (question?.ID ?? 0n) as LeaseId;
      api.leases.timeToLive(id, question?.keys ?? false, (answer) => {
        answered(leaseAnswer(answer, (time) => writeRemainingTime(id, time)));
      });
      return;
    }
    default:
      answered({ status: 404, body: Buffer.from('404 page not found') });
  }
}

/** As `peer/promote-route.ts` has it. */
function promote(api: PeerApi, id: MemberId, answered: (answer: PeerAnswer) => void): void {
  api.promotion.promote(id, {
    promoted: (members) => {
      answered({ status: 200, body: Buffer.from(membersText(members)) });
    },
    failed: (failure) => {
      const known: Readonly<Record<string, { readonly status: number; readonly text: string }>> =
        promotionRefusals;
      const { status, text } = known[failure] ?? { status: 500, text: 'Internal Server Error' };
      answered({ status, body: Buffer.from(`${text}\n`) });
    },
  });
}

/** `answered` is called at most once, now or later. */
export function answerLookup(
  member: Pick<Member, 'peerApi' | 'view'>,
  path: string,
  answered: (answer: LookupAnswer) => void,
): void {
  const { clusterId, clusterVersion } = member.view();
  const answer = (text: string, status = 200): void => {
    answered({ status, clusterId: clusterId.toString(16), body: Buffer.from(text) });
  };
  switch (path) {
    case '/members':
      answer(membersText(member.peerApi.members()));
      return;
    case '/version':
      answer(JSON.stringify({ etcdserver: SERVER_VERSION, etcdcluster: clusterVersion }));
      return;
    case '/downgrade/enabled':
      member.peerApi.downgradeEnabled().then(
        (enabled) => {
          answer(String(enabled));
        },
        (error: unknown) => {
          answer(String(error), 500);
        },
      );
      return;
    default:
      answer('404 page not found', 404);
  }
}

function membersText(members: readonly MemberRecord[]): string {
  return `[${members.map(memberToJson).join(',')}]\n`;
}

function leaseAnswer<T>(answer: LeaseAnswer<T>, encode: (value: T) => Uint8Array): PeerAnswer {
  switch (answer.type) {
    case 'known':
      return { status: 200, body: Buffer.from(encode(answer.value)) };
    case 'notFound':
      return { status: 404, body: Buffer.from('lease not found') };
    case 'failed':
      return { status: 400, body: Buffer.from('not a primary lessor') };
  }
}
