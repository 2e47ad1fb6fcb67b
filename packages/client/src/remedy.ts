/** What to do about an error, for those codes where it can be said without knowing the program. */
import type { KvErrorCode } from './errors.js';

const remedies: Readonly<Partial<Record<KvErrorCode, string>>> = {
  closed: 'Open a new client; one that is closed stays closed.',
  deadline: 'Check that the endpoints are reachable, or give the call a longer `timeoutMs`.',
  connectionLost:
    'Read the key to learn whether the write took effect, then decide whether to repeat it.',
  compacted:
    'Read or watch from a newer revision; a watch can do so by itself with `onCompacted: "relist"`.',
  conflict: 'Spread the writes over more keys, or raise `attemptsMax`.',
  codec: 'Check which program wrote the value, and with which codec.',
  leaseLost: 'Stop what depends on the lease, then take a new one.',
  lost: 'Stop what depends on it; take it again to go on.',
  limit: 'Raise the bound, or hold less.',
  notReady: 'Await `ready` first.',
  snapshotCorrupt: 'Take the snapshot again.',
  noSpace: 'Compact, defragment, and disarm the alarm; or raise the quota of the members.',
  requestTooLarge: 'Split the request, or raise `max-request-bytes` of the members.',
  tooManyOps: 'Split the transaction, or raise `max-txn-ops` of the members.',
  invalidAuthToken: 'Open the client with `auth`, so that it can renew its token.',
  authFailed: 'Check user and password.',
  permissionDenied: 'Grant the role of this user the keys that it needs.',
  userEmpty: 'Open the client with `auth`: authentication is on.',
  noLeader: 'Wait for the election, or use more endpoints: this member has no majority.',
  connectionRefused: 'Check that the member runs and listens at this address.',
  hostNotFound: 'Check the host name of the endpoint.',
  tlsRequired: 'Use an `https://` endpoint, or give `tls`.',
  tlsNotSupported: 'Use an `http://` endpoint without `tls`, or give the member a certificate.',
  certificateUntrusted: 'Give the authority that signed the certificate of the member as `tls.ca`.',
  certificateExpired: 'Renew the certificate of the member; check the clocks of both machines.',
  certificateNameMismatch:
    'Use a host name that the certificate carries, or say which it carries by `tls.serverName`.',
  clientCertificateRefused:
    'Give `tls.cert` and `tls.key` that an authority of the member has signed.',
};

export function remedyFor(code: KvErrorCode): string | undefined {
  return remedies[code];
}
