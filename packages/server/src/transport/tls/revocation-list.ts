/** A list of revoked certificates (RFC 5280 §5.1), as far as etcd looks at it: the serial numbers (client/pkg/transport/listener_tls.go). */
import { Tag, readDer } from './der.js';
import type { DerValue } from './der.js';

/** A serial number as lower-case hex without leading zeros, which is how Go prints it but for an odd digit. */
export function serialText(hex: string): string {
  const even = hex.length % 2 === 0 ? hex : `0${hex}`;
  return even.toLowerCase().replace(/^(?:00)+/, '');
}

const isTime = ({ tag }: DerValue): boolean => tag === Tag.utcTime || tag === Tag.generalizedTime;

/**
 * The serial numbers in a list in DER. undefined when that is no such list. Neither its signature nor its age is looked at, as in
 * etcd: whoever can write the file can do without it.
 */
export function readRevocationList(bytes: Uint8Array): ReadonlySet<string> | undefined {
  const list = readDer(bytes);
  const outer = list?.length === 1 && list[0]?.tag === Tag.sequence ? list[0] : undefined;
  const parts = outer && readDer(outer.content);
  if (parts?.length !== 3 || parts[0]?.tag !== Tag.sequence) return undefined;
  const body = readDer(parts[0].content);
  if (body === undefined) return undefined;
  const thisUpdate = body.findIndex(isTime);
  if (thisUpdate < 2) return undefined;
  // nextUpdate may be absent, and so may the entries when there are none.
  const entries = body.slice(thisUpdate + 1).find((value) => !isTime(value));
  if (entries?.tag !== Tag.sequence) return new Set();
  const revoked = readDer(entries.content);
  if (revoked === undefined) return undefined;
  const serials = new Set<string>();
  for (const entry of revoked) {
    const serial = readDer(entry.content)?.[0];
    if (serial?.tag !== Tag.integer) return undefined;
    serials.add(serialText(Buffer.from(serial.content).toString('hex')));
  }
  return serials;
}
