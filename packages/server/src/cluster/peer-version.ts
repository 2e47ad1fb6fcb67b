/** Which version another member runs, asked of it (semantics.md §18.1). */
import type { MemberId } from '../ids.js';
import type { PeerTransport } from '../peer/transport.js';
import { parseClusterVersion } from './version-text.js';

const TIMEOUT_MS = 3000;
const NO_BODY: Uint8Array = new Uint8Array(0);

/** `3.7.0` for a member of version 3.7.1; undefined when it does not answer, or not with a version. */
export async function askVersion(
  peers: Pick<PeerTransport, 'call'>,
  id: MemberId,
): Promise<string | undefined> {
  try {
    const request = {
      method: 'GET',
      path: '/version',
      body: NO_BODY,
      timeoutMs: TIMEOUT_MS,
    } as const;
    const { status, body } = await peers.call(id, request);
    return status === 200 ? versionIn(body.toString('utf8')) : undefined;
  } catch {
    // What is no answer is no version; the monitor asks again.
    return undefined;
  }
}

function versionIn(json: string): string | undefined {
  const parsed: unknown = JSON.parse(json);
  if (typeof parsed !== 'object' || parsed === null) return undefined;
  const fields: Readonly<Record<string, unknown>> = { ...parsed };
  const version = fields['etcdserver'];
  return typeof version === 'string' ? parseClusterVersion(version) : undefined;
}
