/**
 * What comes from outside, checked before it changes anything: past here, messages are what a correct member sends.
 *
 * Everything refused here is a `RaftError` and leaves the node as it was (bad-input row B-201).
 */
import { fromConfState } from './confchange/configuration.js';
import type { Core } from './core.js';
import { RaftError } from './errors.js';
import { findSliceFlaw } from './log/log-slice.js';
import type { Message, MsgApp, MsgAppResp, MsgHeartbeat, MsgProp, MsgSnap } from './message.js';
import { decodeChange } from './proposal.js';
import { NONE } from './types.js';

/** Throws `RaftError` with `invalidMessage` or `commitBeyondLog`. */
export function checkMessage(core: Core, message: Message): void {
  if (message.from === NONE) throw refuse(message, 'it has no sender');
  if (message.to !== core.id) throw refuse(message, `it is for ${message.to.toString(16)}`);
  switch (message.type) {
    case 'MsgProp':
      checkProposal(message);
      return;
    case 'MsgReadIndex':
    case 'MsgTransferLeader':
      return;
    case 'MsgApp':
      checkTerm(message);
      checkAppend(message);
      return;
    case 'MsgAppResp':
      checkTerm(message);
      checkAppendResponse(core, message);
      return;
    case 'MsgHeartbeat':
      checkTerm(message);
      checkHeartbeat(core, message);
      return;
    case 'MsgSnap':
      checkTerm(message);
      checkSnapshot(message);
      return;
    case 'MsgVote':
    case 'MsgPreVote':
    case 'MsgVoteResp':
    case 'MsgPreVoteResp':
    case 'MsgHeartbeatResp':
    case 'MsgTimeoutNow':
    case 'MsgReadIndexResp':
      checkTerm(message);
      return;
  }
}

/** Without a term it would escape every check of terms. */
function checkTerm(message: Message): void {
  if (message.term === 0) throw refuse(message, 'it has no term');
}

function checkProposal(message: MsgProp): void {
  if (message.entries.length === 0) throw refuse(message, 'it proposes nothing');
  try {
    for (const entry of message.entries) decodeChange(entry);
  } catch (cause) {
    throw refuse(message, 'it has a malformed configuration change', cause);
  }
}

function checkAppend(message: MsgApp): void {
  const prev = { term: message.logTerm, index: message.index };
  const flaw = findSliceFlaw({ term: message.term, prev, entries: message.entries });
  if (flaw !== undefined) throw refuse(message, flaw);
}

/** Nobody has entries of our term that we never sent. */
function checkAppendResponse(core: Core, message: MsgAppResp): void {
  if (core.role !== 'leader' || message.term !== core.term || message.reject) return;
  const last = core.log.lastIndex();
  if (message.index > last) {
    throw refuse(message, `it acknowledges ${message.index}, but the log ends at ${last}`);
  }
}

/** A leader tells a member to commit only what that member acknowledged (history row H-R10). */
function checkHeartbeat(core: Core, message: MsgHeartbeat): void {
  const last = core.log.lastIndex();
  if (message.term < core.term || message.commit <= last) return;
  throw new RaftError(
    'commitBeyondLog',
    `the leader ${message.from.toString(16)} knows this member to have entry ${message.commit}, but its log ends at ` +
      `${last}: its data was lost or is older than what it acknowledged; remove the member and add it again`,
  );
}

function checkSnapshot(message: MsgSnap): void {
  const { index, term, confState } = message.snapshot.meta;
  if (index === 0 || term === 0) throw refuse(message, 'it carries an empty snapshot');
  if (term > message.term) throw refuse(message, `it is of term ${term} above the message's own`);
  const config = fromConfState(confState);
  if (typeof config === 'string') throw refuse(message, `its configuration is unsound: ${config}`);
}

function refuse(message: Message, why: string, cause?: unknown): RaftError {
  const { type, from, term } = message;
  return new RaftError(
    'invalidMessage',
    `${type} of term ${term} from ${from.toString(16)} is invalid: ${why}`,
    { cause },
  );
}
