/** A lease that lives as long as the command that holds it (etcd client/v3/concurrency/session.go). */
import { keepAliveMessages } from '@kv/client/lease-messages';
import type { RawClient } from '@kv/client/raw';
import { LeaseGrantRequest, leaseService } from '@kv/proto/lease';

export interface LeaseSession {
  readonly leaseId: bigint;
  /** Resolves when the lease is gone, or must be taken to be; never rejects. */
  readonly ended: Promise<void>;
}

/** Renewals end with the client. Rejects with `KvError` when no lease is granted. */
export async function openLeaseSession(
  client: RawClient,
  ttlSeconds: bigint,
  timeoutMs: number,
): Promise<LeaseSession> {
  const request = LeaseGrantRequest.create({ TTL: ttlSeconds });
  const { ID } = await client.call(leaseService.leaseGrant, request, { timeoutMs });
  return { leaseId: ID, ended: renew(client, ID) };
}

async function renew(client: RawClient, id: bigint): Promise<void> {
  try {
    for await (const renewal of keepAliveMessages(client, id)) if (renewal.TTL <= 0n) return;
  } catch {
    // Renewals failed for good: whatever the reason, nobody keeps the lease alive.
  }
}
