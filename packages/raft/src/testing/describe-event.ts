/** Events in the words and levels of etcd-io/raft's log, which its scenarios expect. */
import type { ElectionEvent, LogEvent, MessageEvent, RaftEvent } from '../events.js';
import type { EntryId } from '../types.js';
import { describeConfChange, describeConfiguration, describeProgress, hex } from './describe.js';

export const levels = ['DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL', 'NONE'] as const;
export type Level = (typeof levels)[number];

/** One line, without its end. */
export interface LogLine {
  readonly level: Level;
  readonly text: string;
}

const debug = (text: string): LogLine => ({ level: 'DEBUG', text });
const info = (text: string): LogLine => ({ level: 'INFO', text });
const warn = (text: string): LogLine => ({ level: 'WARN', text });
const error = (text: string): LogLine => ({ level: 'ERROR', text });

const logAt = ({ term, index }: EntryId): string => `[logterm: ${term}, index: ${index}]`;

/** The line that etcd-io/raft writes for the event; undefined where it writes none. */
export function describeEvent(event: RaftEvent): LogLine | undefined {
  switch (event.type) {
    case 'becameFollower':
    case 'becamePreCandidate':
    case 'becameCandidate':
    case 'becameLeader':
    case 'electionStarted':
    case 'electionSkipped':
    case 'voteRequested':
    case 'voteGranted':
    case 'voteRejected':
    case 'voteIgnored':
    case 'voteReceived':
    case 'votesCounted':
    case 'quorumLost':
    case 'leaderForgotten':
    case 'forgetLeaderIgnored':
    case 'timeoutNowReceived':
      return describeElection(event);
    case 'higherTermReceived':
    case 'lowerTermIgnored':
    case 'staleAppendIgnored':
    case 'proposalDropped':
    case 'readIndexDropped':
    case 'transfer':
      return describeMessageEvent(event);
    default:
      return describeLogEvent(event);
  }
}

function describeElection(event: ElectionEvent): LogLine {
  if (event.type === 'forgetLeaderIgnored') {
    return error('ignoring MsgForgetLeader due to ReadOnlyLeaseBased');
  }
  const at = hex(event.at);
  switch (event.type) {
    case 'becameFollower':
      return info(`${at} became follower at term ${event.term}`);
    case 'becamePreCandidate':
      return info(`${at} became pre-candidate at term ${event.term}`);
    case 'becameCandidate':
      return info(`${at} became candidate at term ${event.term}`);
    case 'becameLeader':
      return info(`${at} became leader at term ${event.term}`);
    case 'electionStarted':
      return info(`${at} is starting a new election at term ${event.term}`);
    case 'electionSkipped':
      return describeSkipped(at, event.term, event.reason);
    case 'voteRequested': {
      const { request, voter, last, term } = event;
      return info(`${at} ${logAt(last)} sent ${request} request to ${hex(voter)} at term ${term}`);
    }
    case 'voteGranted':
    case 'voteRejected':
    case 'voteIgnored':
      return describeVote(event);
    case 'voteReceived': {
      const answer = event.granted ? event.response : `${event.response} rejection`;
      return info(`${at} received ${answer} from ${hex(event.voter)} at term ${event.term}`);
    }
    case 'votesCounted': {
      const { granted, rejected, response } = event;
      return info(
        `${at} has received ${granted} ${response} votes and ${rejected} vote rejections`,
      );
    }
    case 'quorumLost':
      return warn(`${at} stepped down to follower since quorum is not active`);
    case 'leaderForgotten':
      return info(`${at} forgetting leader ${hex(event.leader)} at term ${event.term}`);
    case 'timeoutNowReceived':
      return describeTimeoutNow(event);
  }
}

function describeSkipped(
  at: string,
  term: number,
  reason: 'leading' | 'unpromotable' | 'pendingConfChange',
): LogLine {
  switch (reason) {
    case 'leading':
      return debug(`${at} ignoring MsgHup because already leader`);
    case 'unpromotable':
      return warn(`${at} is unpromotable and can not campaign`);
    case 'pendingConfChange':
      return warn(
        `${at} cannot campaign at term ${term} since there are still pending configuration changes to apply`,
      );
  }
}

function describeVote(
  event: Extract<ElectionEvent, { type: 'voteGranted' | 'voteRejected' | 'voteIgnored' }>,
): LogLine {
  const { last, vote, request, candidate, candidateLast, term } = event;
  const self = `${hex(event.at)} [logterm: ${last.term}, index: ${last.index}, vote: ${hex(vote)}]`;
  const subject = `${hex(candidate)} ${logAt(candidateLast)} at term ${term}`;
  switch (event.type) {
    case 'voteGranted':
      return info(`${self} cast ${request} for ${subject}`);
    case 'voteRejected':
      return info(`${self} rejected ${request} from ${subject}`);
    case 'voteIgnored':
      return info(
        `${self} ignored ${request} from ${subject}: lease is not expired (remaining ticks: ${event.leaseTicks})`,
      );
  }
}

function describeTimeoutNow(
  event: Extract<ElectionEvent, { type: 'timeoutNowReceived' }>,
): LogLine {
  const [at, from] = [hex(event.at), hex(event.from)];
  return event.campaigns
    ? info(
        `${at} [term ${event.term}] received MsgTimeoutNow from ${from} and starts an election to get leadership.`,
      )
    : debug(`${at} [term ${event.term}] ignored MsgTimeoutNow from ${from}`);
}

function describeMessageEvent(event: MessageEvent): LogLine | undefined {
  const at = hex(event.at);
  switch (event.type) {
    case 'higherTermReceived':
      return info(
        `${at} [term: ${event.term}] received a ${event.message} message with higher term from ` +
          `${hex(event.from)} [term: ${event.messageTerm}]`,
      );
    case 'lowerTermIgnored':
      return info(
        `${at} [term: ${event.term}] ignored a ${event.message} message with lower term from ` +
          `${hex(event.from)} [term: ${event.messageTerm}]`,
      );
    case 'staleAppendIgnored':
      return info(
        `${at} [term: ${event.term}] ignored entry appends from a MsgStorageAppendResp message with lower term ` +
          `[term: ${event.responseTerm}]`,
      );
    case 'proposalDropped':
      return event.reason === 'noLeader'
        ? info(`${at} no leader at term ${event.term}; dropping proposal`)
        : undefined;
    case 'readIndexDropped':
      return info(`${at} no leader at term ${event.term}; dropping index reading msg`);
    case 'transfer':
      return describeTransfer(event);
  }
}

function describeTransfer(event: Extract<MessageEvent, { type: 'transfer' }>): LogLine {
  const [at, to] = [hex(event.at), hex(event.to)];
  const head = `${at} [term ${event.term}]`;
  switch (event.step) {
    case 'started':
      return info(`${head} starts to transfer leadership to ${to}`);
    case 'alreadyUnderWay':
      return info(
        `${head} transfer leadership to ${to} is in progress, ignores request to same node ${to}`,
      );
    case 'replaced':
      return info(`${head} abort previous transferring leadership to ${to}`);
    case 'toSelf':
      return debug(`${at} is already leader. Ignored transferring leadership to self`);
    case 'toLearner':
      return debug(`${at} is learner. Ignored transferring leadership`);
    case 'noLeader':
      return info(`${at} no leader at term ${event.term}; dropping leader transfer msg`);
    case 'timeoutNowSent':
      return info(
        `${at} sends MsgTimeoutNow to ${to} immediately as ${to} already has up-to-date log`,
      );
    case 'timeoutNowSentLater':
      return info(`${at} sent MsgTimeoutNow to ${to} after received MsgAppResp`);
  }
}

function describeLogEvent(event: LogEvent): LogLine | undefined {
  switch (event.type) {
    case 'started':
      return describeStarted(event);
    case 'configurationSwitched':
      return info(
        `${hex(event.at)} switched to configuration ${describeConfiguration(event.config)}`,
      );
    case 'confChangeRefused':
      return describeRefused(event);
    case 'autoLeave':
      return event.proposed
        ? info(
            `initiating automatic transition out of joint configuration ${describeConfiguration(event.config)}`,
          )
        : debug(
            `not initiating automatic transition out of joint configuration ` +
              `${describeConfiguration(event.config)}: raft proposal dropped`,
          );
    case 'logConflict':
      return info(
        `found conflict at index ${event.index} [existing term: ${event.existingTerm}, ` +
          `conflicting term: ${event.conflictingTerm}]`,
      );
    case 'unstableReplaced':
      return info(`replace the unstable entries from index ${event.index}`);
    case 'unstableTruncated':
      return info(`truncate the unstable entries before index ${event.index}`);
    case 'stableMissing':
      return info(`entry at index ${event.index} missing from unstable log; ignoring`);
    case 'stableIsSnapshot':
      return info(`entry at index ${event.index} matched unstable snapshot; ignoring`);
    case 'stableMismatch': {
      const { index, term } = event.stable;
      return info(
        `entry at (index,term)=(${index},${term}) mismatched with entry at (${index},${event.unstableTerm}) ` +
          `in unstable log; ignoring`,
      );
    }
    case 'noProgress':
      return debug(`${hex(event.at)} no progress available for ${hex(event.from)}`);
    default:
      return describeReplication(event);
  }
}

function describeStarted(event: Extract<LogEvent, { type: 'started' }>): LogLine {
  const { voters, term, commit, applied, last } = event;
  return info(
    `newRaft ${hex(event.at)} [peers: [${voters.map(hex).join(',')}], term: ${term}, commit: ${commit}, ` +
      `applied: ${applied}, lastindex: ${last.index}, lastterm: ${last.term}]`,
  );
}

function describeRefused(event: Extract<LogEvent, { type: 'confChangeRefused' }>): LogLine {
  const reasons = {
    pending: `possible unapplied conf change at index ${event.pendingIndex} (applied to ${event.applied})`,
    joint: 'must transition out of joint config first',
    notJoint: 'not in joint state; refusing empty conf change',
    unfit: 'it does not fit the configuration',
  };
  return info(
    `${hex(event.at)} ignoring conf change ${describeConfChange(event.change)} at config ` +
      `${describeConfiguration(event.config)}: ${reasons[event.reason]}`,
  );
}

type ReplicationEvent = Extract<
  LogEvent,
  {
    type:
      | 'appendRejected'
      | 'rejectionReceived'
      | 'progressDecreased'
      | 'unreachable'
      | `snapshot${string}`;
  }
>;

function describeReplication(event: ReplicationEvent): LogLine {
  switch (event.type) {
    case 'appendRejected':
      return debug(
        `${hex(event.at)} [logterm: ${event.localTerm}, index: ${event.index}] rejected MsgApp ` +
          `[logterm: ${event.leaderLogTerm}, index: ${event.index}] from ${hex(event.from)}`,
      );
    case 'rejectionReceived':
      return debug(
        `${hex(event.at)} received MsgAppResp(rejected, hint: (index ${event.hint.index}, term ${event.hint.term})) ` +
          `from ${hex(event.from)} for index ${event.index}`,
      );
    case 'progressDecreased':
    case 'unreachable':
    case 'snapshotResumed':
    case 'snapshotPaused':
    case 'snapshotSucceeded':
    case 'snapshotFailed':
      return describeProgressEvent(event);
    case 'snapshotSent': {
      const { firstIndex, commit, snapshot, peer, progress } = event;
      return debug(
        `${hex(event.at)} [firstindex: ${firstIndex}, commit: ${commit}] sent snapshot[index: ${snapshot.index}, ` +
          `term: ${snapshot.term}] to ${hex(peer)} [${describeProgress(progress)}]`,
      );
    }
    case 'snapshotNotSent':
      return event.reason === 'inactive'
        ? debug(`ignore sending snapshot to ${hex(event.peer)} since it is not recently active`)
        : debug(
            `${hex(event.at)} failed to send snapshot to ${hex(event.peer)} because snapshot is temporarily unavailable`,
          );
    default:
      return describeRestore(event);
  }
}

function describeProgressEvent(
  event: Extract<ReplicationEvent, { progress: unknown; type: string }>,
): LogLine {
  const [at, peer] = [hex(event.at), hex(event.peer)];
  const progress = describeProgress(event.progress);
  switch (event.type) {
    case 'progressDecreased':
      return debug(`${at} decreased progress of ${peer} to [${progress}]`);
    case 'unreachable':
      return debug(
        `${at} failed to send message to ${peer} because it is unreachable [${progress}]`,
      );
    case 'snapshotResumed':
      return debug(
        `${at} recovered from needing snapshot, resumed sending replication messages to ${peer} [${progress}]`,
      );
    case 'snapshotPaused':
      return debug(`${at} paused sending replication messages to ${peer} [${progress}]`);
    case 'snapshotSucceeded':
      return debug(
        `${at} snapshot succeeded, resumed sending replication messages to ${peer} [${progress}]`,
      );
    case 'snapshotFailed':
    case 'snapshotSent':
      return debug(
        `${at} snapshot failed, resumed sending replication messages to ${peer} [${progress}]`,
      );
  }
}

function describeRestore(
  event: Extract<
    LogEvent,
    {
      type:
        | 'snapshotRestoring'
        | 'snapshotRestored'
        | 'snapshotFastForwarded'
        | 'snapshotAccepted'
        | 'snapshotIgnored'
        | 'snapshotForOthers';
    }
  >,
): LogLine {
  const subject = `snapshot [index: ${event.snapshot.index}, term: ${event.snapshot.term}]`;
  switch (event.type) {
    case 'snapshotRestoring':
      return info(
        `log [committed=${event.commit}, applied=${event.applied}, applying=${event.applying}, ` +
          `unstable.offset=${event.unstableOffset}, unstable.offsetInProgress=${event.unstableInProgress}, ` +
          `len(unstable.Entries)=${event.unstableCount}] starts to restore ${subject}`,
      );
    case 'snapshotRestored':
    case 'snapshotFastForwarded': {
      const { commit, last } = event;
      const did = event.type === 'snapshotRestored' ? 'restored' : 'fast-forwarded commit to';
      return info(
        `${hex(event.at)} [commit: ${commit}, lastindex: ${last.index}, lastterm: ${last.term}] ${did} ${subject}`,
      );
    }
    case 'snapshotAccepted':
      return info(`${hex(event.at)} [commit: ${event.commit}] restored ${subject}`);
    case 'snapshotIgnored':
      return info(`${hex(event.at)} [commit: ${event.commit}] ignored ${subject}`);
    case 'snapshotForOthers':
      return warn(
        `${hex(event.at)} attempted to restore snapshot but it is not in the ConfState; should never happen`,
      );
  }
}
