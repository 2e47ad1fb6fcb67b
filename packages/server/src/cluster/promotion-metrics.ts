/** Promotions that were made and refused here (metrics.md §3.1). */
import { rpcErrorOf } from '../grpc/status.js';
import type { Metrics } from '../metrics.js';
import { promotionRefusals, type PromotionFailure, type PromotionParts } from './promotion.js';

export function promotionMetrics(metrics: Metrics): PromotionParts['metrics'] {
  const refusals = metrics.counter(
    'etcd_server_learner_promote_failures',
    'Promotions of learners that this member refused, by reason.',
    ['Reason'],
  );
  return {
    promoted: metrics.counter(
      'etcd_server_learner_promote_successes',
      'Learners that this member, as leader, has promoted.',
    ),
    refused: (why) => {
      refusals.inc(1, reasonOf(why));
    },
  };
}

function reasonOf(failure: PromotionFailure): string {
  switch (failure) {
    case 'memberNotFound':
    case 'notLearner':
    case 'learnerNotReady':
      return promotionRefusals[failure].text;
    default:
      return rpcErrorOf(failure).message;
  }
}
