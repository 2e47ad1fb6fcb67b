/** The text that etcdctl prints for a failed call (etcd client/v3/client.go ContextError, api/v3rpc/rpctypes). */
import { KvError } from '@kv/client/raw';
import { findWireErrorKey } from '@kv/proto/errors';
import { fromText, type ByteString } from '../bytes.js';
import { statusText } from '../go/status.js';

/** Known errors are their text; a limit that passed is Go's; anything else shows code and description. */
export function errorText(error: unknown): ByteString {
  if (!(error instanceof KvError)) {
    return fromText(error instanceof Error ? error.message : String(error));
  }
  if (error.code === 'deadline') return 'context deadline exceeded';
  const { grpcCode, details } = error;
  if (grpcCode === undefined || isEtcdText(details)) return fromText(details);
  return rawErrorText(error);
}

/** What streaming calls show: never shortened. */
export function rawErrorText(error: KvError): ByteString {
  return fromText(statusText(error.grpcCode ?? 2, error.details));
}

/** The texts that etcd's Go client knows by heart all begin with its name, except two of elections. */
function isEtcdText(details: string): boolean {
  return findWireErrorKey(details) !== undefined && /^(etcdserver: |election: )/.test(details);
}
