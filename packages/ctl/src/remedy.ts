/**
 * What to do about a failed call, in the words of the command line: a line on stderr after the `Error:` line that programs look for. Loaded
 * only when a command has failed.
 */
import { KvError } from '@kv/client/raw';
import { fromText, type ByteString } from './bytes.js';

const sentences: Readonly<Partial<Record<KvError['code'], string>>> = {
  deadline:
    'The cluster did not answer in time: `kvctl endpoint status --cluster` shows whether it has a leader; --command-timeout gives it longer.',
  connectionRefused: 'Nobody listens there: check --endpoints, and that the member runs.',
  hostNotFound: 'That name has no address: check --endpoints.',
  tlsRequired: 'The member speaks TLS: write https:// in --endpoints, and give --cacert.',
  tlsNotSupported:
    'The member does not speak TLS: write http:// in --endpoints, and leave out --cacert, --cert and --key.',
  certificateUntrusted:
    "Nobody who is trusted vouches for the member's certificate: give the authority that signed it by --cacert.",
  certificateExpired:
    "The member's certificate is not valid today: renew it, or check the clocks of both machines.",
  certificateNameMismatch:
    "The member's certificate is for another name: use a name that it carries in --endpoints.",
  clientCertificateRefused:
    'The member wants a certificate that an authority of its --trusted-ca-file has signed: give --cert and --key.',
  userEmpty: 'Authentication is on: give --user name:password, or ETCDCTL_USER.',
  authFailed: 'Check the name and the password of --user; both are case-sensitive.',
  invalidAuthToken:
    'The token has expired, or is of another cluster: take a new one, or give --user instead of --auth-jwt-token.',
  permissionDenied:
    "None of the user's roles covers this key: see `kvctl user get NAME --detail`; root may grant with `kvctl role grant-permission`.",
  noSpace:
    'The store has reached its quota: free space with `kvctl compaction` and `kvctl defrag`, then `kvctl alarm disarm`.',
  requestTooLarge: 'Split the request, or raise --max-request-bytes of the members.',
  noLeader:
    'The cluster has no leader: `kvctl endpoint status --cluster` shows who is missing for a majority.',
  compacted: 'That revision is gone: ask for a newer one, or for none.',
};

/** Their message names the endpoint and what was wrong there; that of others is OpenSSL's. */
const tellingReasons: ReadonlySet<KvError['code']> = new Set([
  'connectionRefused',
  'hostNotFound',
  'tlsRequired',
  'tlsNotSupported',
]);

/** Undefined where there is nothing to say that the error does not say. Never throws. */
export function remedyOf(error: unknown): ByteString | undefined {
  const failure = innermost(error);
  const sentence = failure === undefined ? undefined : sentences[failure.code];
  if (failure === undefined || sentence === undefined) return undefined;
  const reason = tellingReasons.has(failure.code) ? `${failure.message}. ` : '';
  return fromText(`${reason}${sentence}`);
}

/** A time limit that passed for want of a connection is explained by what kept that from being made. */
function innermost(error: unknown): KvError | undefined {
  let found: KvError | undefined;
  for (let at = error; at instanceof Error; at = at.cause) {
    if (at instanceof KvError) found = at;
  }
  return found;
}
