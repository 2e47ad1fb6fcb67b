/** Promotions that other members pass on to the leader: `POST /members/promote/<decimal id>` (http.md §12.2). */
import type { ServerResponse } from 'node:http';
import { memberToJson, type MemberRecord } from '../cluster/member-record.js';
import {
  PROMOTE_PATH,
  promotionRefusals,
  type Promotion,
  type PromotionFailure,
} from '../cluster/promotion.js';
import type { MemberId } from '../ids.js';
import { refuse } from './refusal.js';

const ID_MAX: bigint = 2n ** 64n - 1n;

export function servePromotion(
  promotion: Pick<Promotion, 'promote'>,
  path: string,
  response: ServerResponse,
): void {
  const text = path.slice(PROMOTE_PATH.length);
  const id = /^\d{1,20}$/.test(text) ? BigInt(text) : undefined;
  if (id === undefined || id > ID_MAX) {
    refuse(response, 404, `member ${text} not found in cluster`);
    return;
  }
  const cancel = promotion.promote(id as MemberId, {
    promoted: (members) => {
      sendMembers(members, response);
    },
    failed: (failure) => {
      refuseAs(failure, response);
    },
  });
  // Whoever asked has gone.
  response.once('close', cancel);
}

export function sendMembers(members: readonly MemberRecord[], response: ServerResponse): void {
  response.setHeader('Content-Type', 'application/json');
  response.end(`[${members.map(memberToJson).join(',')}]\n`);
}

function refuseAs(failure: PromotionFailure, response: ServerResponse): void {
  switch (failure) {
    case 'memberNotFound':
    case 'notLearner':
    case 'learnerNotReady': {
      const { status, text } = promotionRefusals[failure];
      refuse(response, status, text);
      return;
    }
    default:
      response.statusCode = 500;
      response.setHeader('Content-Type', 'application/json');
      response.end('{"message":"Internal Server Error"}');
  }
}
