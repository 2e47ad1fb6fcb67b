/**
 * Goal: codes and texts of errors are etcd's (P4). Method: compare with what `rpctypes` v3.7.1 printed of itself, and look each text up
 * again as a client does.
 */
import { describe, expect, it } from 'vitest';
import { referenceLines } from '../test/reference.js';
import {
  GrpcCode,
  findWatchCancelReasonKey,
  findWireErrorKey,
  watchCancelReasons,
  wireErrorOf,
  wireErrors,
} from './errors.js';
import type { WatchCancelReasonKey, WireErrorKey } from './errors.js';

const keys = Object.keys(wireErrors) as WireErrorKey[];

/** Rows that rpctypes does not list: the server makes their texts elsewhere. */
const unlisted: readonly WireErrorKey[] = [
  'streamSortUnsupported',
  'streamFilterUnsupported',
  'noPasswordUser',
  'verifyOnlyToken',
  'passwordTooLong',
  'notPrimaryLessor',
  'proposalDropped',
  'raftStopped',
  'timeoutLeaderTransfer',
  'unknownMethod',
  'electionNoLeader',
  'electionNotLeader',
  'electionLeaderMissing',
  'lockSessionExpired',
  'lockWatcherLost',
  'contextCanceled',
  'contextDeadlineExceeded',
  'unknownHealthService',
];

describe('P4: the table of errors', () => {
  it('has the code and the text of every error of rpctypes, and no other row but the named ones', () => {
    const theirs = referenceLines('errors.txt').map((line) => line.replace(/^\w+ /, ''));
    expect(theirs).toHaveLength(63);
    const ours = keys
      .filter((key) => !unlisted.includes(key))
      .map(wireErrorOf)
      .map((row) => `${row.listedCode ?? row.code} ${row.message}`);
    expect(ours.sort()).toEqual(theirs.sort());
  });

  it('finds each row by its text alone, so texts are unique', () => {
    expect(keys.map((key) => findWireErrorKey(wireErrorOf(key).message))).toEqual(keys);
  });

  it('finds nothing for a text that is almost right', () => {
    expect(findWireErrorKey('etcdserver: Key not found')).toBeUndefined();
    expect(findWireErrorKey('')).toBeUndefined();
    expect(findWireErrorKey('constructor')).toBeUndefined();
  });

  it('sends UNKNOWN where etcd v3.7.1 does although clients list another code', () => {
    const differing = keys.filter((key) => wireErrorOf(key).listedCode !== undefined);
    expect(differing.sort()).toEqual(['memberNotEnoughStarted', 'tooManyRequests']);
    expect(differing.every((key) => wireErrorOf(key).code === GrpcCode.unknown)).toBe(true);
  });

  it('never uses the codes that the server never sends itself', () => {
    const never: readonly number[] = [
      0,
      GrpcCode.alreadyExists,
      GrpcCode.aborted,
      GrpcCode.internal,
    ];
    expect(keys.filter((key) => never.includes(wireErrorOf(key).code))).toEqual([]);
  });
});

describe('reasons of cancelled watches', () => {
  it('are the texts that clients look for, prefix included', () => {
    expect(watchCancelReasons).toEqual({
      compacted: 'etcdserver: mvcc: required revision has been compacted',
      emptyRange: 'mvcc: watcher range is empty',
      duplicateId: 'mvcc: duplicate watch ID provided on the WatchStream',
      permissionDenied: 'rpc error: code = PermissionDenied desc = etcdserver: permission denied',
      invalidAuthToken: 'rpc error: code = Unauthenticated desc = etcdserver: invalid auth token',
      userEmpty: 'rpc error: code = InvalidArgument desc = etcdserver: user name is empty',
      authOldRevision:
        'rpc error: code = InvalidArgument desc = etcdserver: revision of auth store is old',
    });
  });

  it('are found by their text', () => {
    const reasons = Object.keys(watchCancelReasons) as WatchCancelReasonKey[];
    expect(reasons.map((key) => findWatchCancelReasonKey(watchCancelReasons[key]))).toEqual(
      reasons,
    );
    expect(findWatchCancelReasonKey('')).toBeUndefined();
  });
});
