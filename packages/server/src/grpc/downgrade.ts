/**
 * Maintenance.Downgrade: lowers what the cluster agrees on by one minor version, or takes that back (rpc.md §9.7). The rest
 * follows from the log: the version monitor lowers the cluster's version, and the store's follows it.
 */
import { DowngradeRequest_DowngradeAction as Action, DowngradeResponse } from '@kv/proto';
import type { DowngradeRequest } from '@kv/proto';
import type { UnaryCall } from '@kv/rpc';
import { RequestField } from '../apply/entry-codec.js';
import { encodeDowngradeSet } from '../apply/state-codec.js';
import type { Membership } from '../cluster/membership.js';
import { downgradeTargetOf, parseClusterVersion, shortVersion } from '../cluster/version-text.js';
import type { Linearizable } from '../request/linearizable.js';
import type { Proposer } from '../request/proposer.js';
import type { ResponseHeaders } from './header.js';
import { rpcErrorOf, type CallProblem } from './status.js';

export interface DowngradeParts {
  readonly membership: Membership;
  readonly linearizable: Linearizable;
  readonly proposer: Proposer;
  readonly headers: ResponseHeaders;
  readonly wake: () => void;
  readonly currentRevision: () => number;
}

/** Answers the call, now or later. */
export function downgrade(call: UnaryCall, request: DowngradeRequest, parts: DowngradeParts): void {
  const action: number = request.action;
  switch (action) {
    case Action.VALIDATE:
      validate(call, request.version, parts, () => {
        answer(call, parts);
      });
      return;
    case Action.ENABLE:
      validate(call, request.version, parts, (target) => {
        set(call, true, target, parts);
      });
      return;
    case Action.CANCEL:
      whenLinearizable(call, parts, () => {
        // Nothing to cancel is no error, as etcd swallows it.
        if (parts.membership.downgrade.enabled) set(call, false, '', parts);
        else answer(call, parts);
      });
      return;
    default:
      call.fail(rpcErrorOf('unknownMethod'));
  }
}

function validate(
  call: UnaryCall,
  version: string,
  parts: DowngradeParts,
  then: (target: string) => void,
): void {
  const target = parseClusterVersion(version);
  if (target === undefined) {
    call.fail(rpcErrorOf('wrongDowngradeVersionFormat'));
    return;
  }
  if (parts.membership.clusterVersion === undefined) {
    call.fail(rpcErrorOf('clusterVersionUnavailable'));
    return;
  }
  whenLinearizable(call, parts, () => {
    const problem = problemOf(target, parts.membership);
    if (problem === undefined) then(target);
    else call.fail(rpcErrorOf(problem));
  });
}

function problemOf(target: string, membership: Membership): CallProblem | undefined {
  if (target !== downgradeTargetOf(membership.clusterVersion ?? '')) {
    return 'invalidDowngradeTargetVersion';
  }
  return membership.downgrade.enabled ? 'downgradeInProcess' : undefined;
}

function whenLinearizable(call: UnaryCall, parts: DowngradeParts, then: () => void): void {
  parts.linearizable.join({
    ready: then,
    failed: (failure) => {
      call.fail(rpcErrorOf(failure));
    },
  });
  parts.wake();
}

function set(call: UnaryCall, enabled: boolean, target: string, parts: DowngradeParts): void {
  const { proposer } = parts;
  const request = encodeDowngradeSet(enabled, target);
  proposer.propose(proposer.draft(RequestField.downgradeSet, request), {
    applied: () => {
      answer(call, parts);
    },
    failed: (failure) => {
      call.fail(rpcErrorOf(failure));
    },
  });
}

function answer(call: UnaryCall, { headers, membership, currentRevision }: DowngradeParts): void {
  call.reply(
    DowngradeResponse.encode({
      header: headers.message(currentRevision()),
      version: shortVersion(membership.clusterVersion ?? ''),
    }).finish(),
  );
}
