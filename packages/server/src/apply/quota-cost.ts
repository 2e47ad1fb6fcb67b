/** What a command costs against the quota (etcd v3.7.1 server/storage/quota.go): an estimate of what it adds to the store. */
import { assertNever } from '../invariant.js';
import type { Command, TxnCommand, TxnOp } from './command.js';

const PUT_OVERHEAD_BYTES = 256;
const LEASE_BYTES = 64;

/** Bytes; 0 for everything that is always allowed. */
export function costBytesOf(command: Command): number {
  switch (command.type) {
    case 'put':
      return PUT_OVERHEAD_BYTES + command.key.length + command.value.length;
    case 'txn':
      return txnCostBytes(command);
    case 'leaseGrant':
      return LEASE_BYTES;
    case 'deleteRange':
    case 'compact':
    case 'leaseRevoke':
    case 'leaseCheckpoint':
    case 'alarm':
    case 'clusterVersionSet':
    case 'memberAttributesSet':
    case 'downgradeSet':
    case 'noEffect':
    case 'unsupported':
      return 0;
    default:
      return assertNever(command, 'a command has a known type');
  }
}

/** The larger of the two branches; only puts cost, nested ones included. */
function txnCostBytes(txn: TxnCommand): number {
  return Math.max(opsCostBytes(txn.success), opsCostBytes(txn.failure));
}

function opsCostBytes(ops: readonly TxnOp[]): number {
  let sum = 0;
  for (const op of ops) {
    if (op.type === 'put') sum += PUT_OVERHEAD_BYTES + op.key.length + op.value.length;
    else if (op.type === 'txn') sum += txnCostBytes(op);
  }
  return sum;
}
