/**
 * What stands between a committed command and its execution: one ordered list. The first guard that objects decides, the
 * same way on every member (semantics.md §5). Permission checks will be the next entry.
 */
import type { Command } from './command.js';
import type { Alarms } from './alarms.js';
import type { Rejection } from './outcome.js';
import { costBytesOf } from './quota-cost.js';

/** What guards look at. */
export interface GuardView {
  readonly alarms: Pick<Alarms, 'inForce'>;
}

type Guard = (command: Command, view: GuardView) => Rejection | undefined;

const REFUSED_WHEN_CORRUPT: ReadonlySet<Command['type']> = new Set([
  'put',
  'deleteRange',
  'txn',
  'compact',
  'leaseGrant',
  'leaseRevoke',
]);

const refuseWhenCorrupt: Guard = (command, { alarms }) =>
  alarms.inForce('corrupt') && REFUSED_WHEN_CORRUPT.has(command.type)
    ? 'corruptCluster'
    : undefined;

const refuseWhenFull: Guard = (command, { alarms }) =>
  alarms.inForce('nospace') && costBytesOf(command) > 0 ? 'noSpace' : undefined;

const guards: readonly Guard[] = [refuseWhenCorrupt, refuseWhenFull];

export function guard(command: Command, view: GuardView): Rejection | undefined {
  for (const each of guards) {
    const rejection = each(command, view);
    if (rejection !== undefined) return rejection;
  }
  return undefined;
}
