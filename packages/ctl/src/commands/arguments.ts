/** How many arguments a command takes, with etcdctl's complaint about any other number. */
import type { ByteString } from '../bytes.js';
import { badArgs } from '../exit.js';

export function noArguments(args: readonly ByteString[], complaint: ByteString): void {
  if (args.length !== 0) throw badArgs(complaint);
}

export function oneArgument(args: readonly ByteString[], complaint: ByteString): ByteString {
  const [only] = args;
  if (only === undefined || args.length !== 1) throw badArgs(complaint);
  return only;
}

export function twoArguments(
  args: readonly ByteString[],
  complaint: ByteString,
): readonly [ByteString, ByteString] {
  const [first, second] = args;
  if (first === undefined || second === undefined || args.length !== 2) throw badArgs(complaint);
  return [first, second];
}
