/** What one simulated member answers another beside Raft: its version, and what a leader knows of leases (http.md §12.2). */
import type { LeaseId } from '@kv/lease';
import { LeaseKeepAliveRequest, LeaseKeepAliveResponse } from '@kv/proto';
import { LeaseInternalRequest } from '@kv/proto/internal';
import { RENEW_PATH, TIME_TO_LIVE_PATH, writeRemainingTime } from '../lease/lease-questions.js';
import type { LeaseAnswer } from '../lease/primary-answers.js';
import type { PeerApi } from '../peer/cluster-routes.js';
import type { PeerAnswer, PeerRequest } from '../peer/transport.js';
import { SERVER_VERSION } from '../version.js';

/** `answered` is called at most once, now or later. */
export function answerPeer(
  api: PeerApi,
  { path, body }: PeerRequest,
  answered: (answer: PeerAnswer) => void,
): void {
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
