/** The keys that a right is about: from arguments, `--prefix` and `--from-key` of `role grant-permission` and `revoke-permission`. */
import type { ByteString } from '../bytes.js';
import { badArgs } from '../exit.js';
import type { FlagSet } from '../grammar/flag-set.js';
import { openEnd, prefixEnd } from './range.js';

export interface PermissionRange {
  readonly key: ByteString;
  /** Empty for the key alone. */
  readonly end: ByteString;
}

/** Throws `ExitError`. Of an empty key the end argument is ignored, as in etcdctl. */
export function permissionRange(
  flags: FlagSet,
  key: ByteString,
  end: ByteString | undefined,
): PermissionRange {
  const prefix = flags.bool('prefix');
  const fromKey = flags.bool('from-key');
  if (key !== '' && end !== undefined) {
    if (prefix) throw badArgs('unexpected endkey argument with --prefix flag');
    if (fromKey) throw badArgs('unexpected endkey argument with --from-key flag');
    return { key, end };
  }
  if (prefix && fromKey) throw badArgs('--from-key and --prefix flags are mutually exclusive');
  // No key is empty: the first one is a zero byte.
  if (key === '') return { key: openEnd, end: prefix || fromKey ? openEnd : '' };
  return { key, end: prefix ? prefixEnd(key) : fromKey ? openEnd : '' };
}
