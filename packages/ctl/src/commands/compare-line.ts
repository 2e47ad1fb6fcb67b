/** One comparison of a transaction: `mod("key") > "0"`. */
import { Compare, Compare_CompareResult, Compare_CompareTarget } from '@kv/proto/kv';
import { toBytes, type ByteString } from '../bytes.js';
import { ExitCode, ExitError } from '../exit.js';
import { quote } from '../go/quote.js';
import { scanComparison } from '../go/scan.js';
import { NumError, parseInt64 } from '../go/strconv.js';

const results: ReadonlyMap<string, Compare_CompareResult> = new Map([
  ['=', Compare_CompareResult.EQUAL],
  ['!=', Compare_CompareResult.NOT_EQUAL],
  ['>', Compare_CompareResult.GREATER],
  ['<', Compare_CompareResult.LESS],
]);

/** Throws `ExitError` (invalid input) with etcdctl's text. */
export function parseComparison(line: ByteString): Compare {
  const open = line.indexOf('(');
  if (open < 0) throw invalid(`malformed comparison: ${line}`);
  const target = line.slice(0, open);
  const { count, key, operator, value } = scanComparison(line.slice(open + 1));
  if (count !== 3) {
    throw invalid(
      `malformed comparison: ${line}; got ${target}(${quote(key)}) ${operator} ${quote(value)}`,
    );
  }
  const operand = operandOf(target, value, line);
  const result = results.get(operator);
  // etcdctl panics here.
  if (result === undefined) {
    throw invalid(`malformed comparison: ${line} (unknown operator ${operator})`);
  }
  return Compare.create({ ...operand, key: toBytes(key), result });
}

type Operand = Pick<Compare, 'target' | 'targetUnion'>;

function operandOf(target: ByteString, value: ByteString, line: ByteString): Operand {
  const int = (base: 10 | 16): bigint => {
    try {
      return parseInt64(value, base);
    } catch (cause) {
      if (!(cause instanceof NumError)) throw cause;
      throw invalid(`invalid txn compare request: ${line}`, cause);
    }
  };
  switch (target) {
    case 'ver':
    case 'version':
      return {
        target: Compare_CompareTarget.VERSION,
        targetUnion: { $case: 'version', value: int(10) },
      };
    case 'c':
    case 'create':
      return {
        target: Compare_CompareTarget.CREATE,
        targetUnion: { $case: 'createRevision', value: int(10) },
      };
    case 'm':
    case 'mod':
      return {
        target: Compare_CompareTarget.MOD,
        targetUnion: { $case: 'modRevision', value: int(10) },
      };
    case 'val':
    case 'value':
      return {
        target: Compare_CompareTarget.VALUE,
        targetUnion: { $case: 'value', value: toBytes(value) },
      };
    case 'lease':
      // etcdctl panics here. Lease IDs are in hexadecimal wherever a user types one.
      return {
        target: Compare_CompareTarget.LEASE,
        targetUnion: { $case: 'lease', value: int(16) },
      };
    default:
      throw invalid(`malformed comparison: ${line} (unknown target ${target})`);
  }
}

function invalid(message: ByteString, cause?: unknown): ExitError {
  return new ExitError(ExitCode.invalidInput, message, { cause });
}
