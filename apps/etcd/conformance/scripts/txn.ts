/** Transactions: guards, order of effects, checks before effects, nesting (rpc.md §5.5 and §5.6). */
import { bytes } from '../script.js';
import type { Script } from '../script.js';
import { Result, Target, compare, opDelete, opPut, opRange, opTxn } from './operations.js';

const value = (text: string): { $case: 'value'; value: Uint8Array } => ({
  $case: 'value',
  value: bytes(text),
});
const version = (n: bigint): { $case: 'version'; value: bigint } => ({
  $case: 'version',
  value: n,
});

export const txnScripts: readonly Script[] = [
  {
    name: 'txn: every target and relation, present, absent and over a range',
    async run(s) {
      await s.put({ key: bytes('k'), value: bytes('5') });
      await s.put({ key: bytes('k'), value: bytes('5') });
      await s.put({ key: bytes('l'), value: bytes('6') });
      for (const key of ['k', 'absent']) {
        for (const result of [0, 1, 2, 3, 9]) {
          const guards = [
            compare(key, Target.version, result, version(2n)),
            compare(key, Target.create, result, { $case: 'createRevision', value: 2n }),
            compare(key, Target.mod, result, { $case: 'modRevision', value: 3n }),
            compare(key, Target.value, result, value('5')),
            compare(key, Target.lease, result, { $case: 'lease', value: 0n }),
            compare(key, Target.value, result, version(0n)),
            compare(key, Target.version, result, undefined),
            compare(key, 9, result, version(2n)),
          ];
          for (const guard of guards) await s.txn({ compare: [guard], success: [opRange('k')] });
        }
      }
      for (const end of ['z', 'l', '\0', 'a']) {
        await s.txn({ compare: [compare('k', Target.version, Result.greater, version(0n), end)] });
        await s.txn({ compare: [compare('k', Target.value, Result.equal, value('5'), end)] });
      }
    },
  },
  {
    name: 'txn: later operations see earlier ones, and share one revision',
    async run(s) {
      await s.txn({
        success: [
          opPut('a', '1'),
          opRange('a'),
          opPut('b', '2', { prevKv: true }),
          opDelete('a', { prevKv: true }),
          opRange('\0', { rangeEnd: bytes('\0') }),
          opPut('c', '3'),
        ],
      });
      await s.range({ key: bytes('\0'), rangeEnd: bytes('\0') });
      await s.txn({ success: [opDelete('nothing'), opRange('b')] });
      await s.txn({ success: [opRange('b', { revision: 1n }), opPut('d', '4')] });
      await s.txn({});
      await s.txn({ success: [opRange('b')], failure: [opPut('never', '')] });
    },
  },
  {
    name: 'txn: checks come before effects',
    async run(s) {
      await s.put({ key: bytes('a'), value: bytes('1') });
      await s.txn({ success: [opPut('b', '1'), opRange('a', { revision: 99n })] });
      await s.txn({ success: [opPut('b', '1'), opPut('c', '1', { lease: 77n })] });
      await s.txn({ success: [opPut('b', '1'), opPut('absent', '', { ignoreValue: true })] });
      await s.txn({ success: [opPut('b', '1'), opPut('b', '2')] });
      await s.txn({ success: [opPut('b', '1'), opDelete('a', { rangeEnd: bytes('z') })] });
      await s.txn({ success: [opDelete('a', { rangeEnd: bytes('z') }), opPut('b', '1')] });
      await s.txn({ success: [opPut('', '1')] });
      await s.txn({ success: [opRange('')] });
      await s.txn({ success: [opDelete('')] });
      await s.txn({ success: [{ request: undefined }] });
      await s.txn({ compare: [compare('', Target.version, Result.equal, version(0n))] });
      await s.txn({ success: [opRange('a', { sortOrder: 7 })] });
      await s.txn({ success: Array.from({ length: 129 }, (_, n) => opPut(`k${String(n)}`, '')) });
      await s.txn({ success: Array.from({ length: 128 }, (_, n) => opPut(`k${String(n)}`, '')) });
      await s.range({ key: bytes('\0'), rangeEnd: bytes('\0'), countOnly: true });
    },
  },
  {
    name: 'txn: nesting',
    async run(s) {
      await s.put({ key: bytes('x'), value: bytes('1') });
      const inner = {
        compare: [compare('x', Target.value, Result.equal, value('1'))],
        success: [opPut('inner', 'then'), opRange('x')],
        failure: [opPut('inner', 'else')],
      };
      await s.txn({ success: [opPut('x', '2'), opTxn(inner), opRange('inner')] });
      await s.txn({ success: [opTxn(inner), opTxn({ success: [opTxn(inner)] })] });
      await s.txn({ success: [opTxn({ success: [opRange('x')] })] });
      await s.txn({ success: [opPut('dup', '1'), opTxn({ success: [opPut('dup', '2')] })] });
      await s.txn({
        success: [
          opTxn({ success: [opPut('e', '1')], failure: [opPut('f', '1')] }),
          opPut('f', '2'),
        ],
      });
      await s.range({ key: bytes('\0'), rangeEnd: bytes('\0') });
    },
  },
];
