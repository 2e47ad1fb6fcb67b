import { describe, expect, it } from 'vitest';
import {
  INLINE_ENTRY_BYTES_MAX,
  InlineSyncs,
  QUICK_SYNC_MS,
  QUICK_SYNCS_MIN,
} from './inline-sync.js';

const entry = (bytes = 300): { readonly data: Uint8Array } => ({ data: new Uint8Array(bytes) });

function afterQuick(count: number): InlineSyncs {
  const syncs = new InlineSyncs();
  for (let i = 0; i < count; i++) syncs.observe(QUICK_SYNC_MS);
  return syncs;
}

describe('syncs on the thread of the loop', () => {
  it('begin once the disk has been quick for long enough', () => {
    expect(afterQuick(0).allow([entry()])).toBe(false);
    expect(afterQuick(QUICK_SYNCS_MIN - 1).allow([entry()])).toBe(false);
    expect(afterQuick(QUICK_SYNCS_MIN).allow([entry()])).toBe(true);
  });

  it('are for a lone small entry, or for a vote', () => {
    const syncs = afterQuick(QUICK_SYNCS_MIN);
    expect(syncs.allow([])).toBe(true);
    expect(syncs.allow([entry(INLINE_ENTRY_BYTES_MAX)])).toBe(true);
    expect(syncs.allow([entry(INLINE_ENTRY_BYTES_MAX + 1)])).toBe(false);
    expect(syncs.allow([entry(), entry()])).toBe(false);
  });

  it('end with the first slow one, and begin again only after as many quick ones', () => {
    const syncs = afterQuick(10 * QUICK_SYNCS_MIN);
    syncs.observe(QUICK_SYNC_MS + 0.1);
    for (let i = 0; i < QUICK_SYNCS_MIN; i++) {
      expect(syncs.allow([entry()])).toBe(false);
      syncs.observe(0.1);
    }
    expect(syncs.allow([entry()])).toBe(true);
  });
});
