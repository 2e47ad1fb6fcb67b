/**
 * A planted defect: the copy of a store that comes from another member is installed as it arrives, damaged or not. Two checks are
 * taken out, as each of them would find what the other one lets pass: the digest of the transfer, and the checksums in the store.
 */
import { createHash } from 'node:crypto';
import type { Sabotage } from './sabotage.js';

/** Of `peer/snapshot-body.ts`: the length of the message, the message, the database, the digest. */
const LENGTH_BYTES = 8;
const DIGEST_BYTES = 32;

export function uncheckedSnapshots(): Sabotage {
  /** What was sent, by the digest of what arrived. */
  const intact = new Map<string, Uint8Array>();
  const nameOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
  return {
    arrived: (sent, damaged) => {
      const start = LENGTH_BYTES + Number(sent.readBigUInt64BE());
      const end = sent.length - DIGEST_BYTES;
      const database = damaged.subarray(start, end);
      intact.set(nameOf(database), sent.subarray(start, end));
      const body = Buffer.concat([sent.subarray(0, start), database]);
      return Buffer.concat([body, createHash('sha256').update(body).digest()]);
    },
    verified: (image) => intact.get(nameOf(image)) ?? image,
  };
}
