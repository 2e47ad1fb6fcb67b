/** Renewals of leases as messages of the wire, over as many streams as it takes. */
import { LeaseKeepAliveRequest, leaseService, type LeaseKeepAliveResponse } from '@kv/proto/lease';
import { KvError } from './errors.js';
import type { RawClient } from './raw.js';
import { GrpcCode } from './transport/status-error.js';
import { isMistakenSetting } from './wait.js';

/** Pause before a broken stream of renewals is opened again, milliseconds. */
const reopenMs = 500;

/** One renewal, by as many attempts as it takes until the signal aborts. Rejects with `KvError` of code `leaseNotFound` when the lease is gone. */
export async function renewOnce(
  raw: RawClient,
  id: bigint,
  settings: { readonly signal?: AbortSignal } = {},
): Promise<LeaseKeepAliveResponse> {
  for (;;) {
    const stream = await raw.stream(leaseService.leaseKeepAlive, settings);
    try {
      stream.send(LeaseKeepAliveRequest.create({ ID: id }));
      stream.finish();
      for await (const answer of stream) {
        if (answer.TTL > 0n) return answer;
        throw new KvError('leaseNotFound', 'etcdserver: requested lease not found', {
          outcome: 'definite',
        });
      }
      throw new KvError('protocol', 'the server did not answer a renewal', { outcome: 'unknown' });
    } catch (error) {
      if (!isLostConnection(error) && !(await raw.renewAfter(error, settings.signal))) throw error;
      // A renewal may be repeated: it sets the same time again.
      await raw.pause(reopenMs, settings.signal);
    } finally {
      stream.cancel();
    }
  }
}

/** Renewals until the lease is gone. A lost connection is made again as long as the lease can still be alive. */
export async function* keepAliveMessages(
  raw: RawClient,
  id: bigint,
  settings: { readonly signal?: AbortSignal } = {},
): AsyncGenerator<LeaseKeepAliveResponse, void, undefined> {
  const nowMs = (): number => raw.clock.monotonicMs();
  let aliveUntilMs = Infinity;
  while (nowMs() < aliveUntilMs) {
    const stream = await raw.stream(leaseService.leaseKeepAlive, settings);
    try {
      stream.send(LeaseKeepAliveRequest.create({ ID: id }));
      for await (const answer of stream) {
        if (answer.TTL <= 0n) return;
        const ttlMs = Number(answer.TTL) * 1_000;
        aliveUntilMs = nowMs() + ttlMs;
        const nextAtMs = nowMs() + ttlMs / 3;
        yield answer;
        await raw.pause(nextAtMs - nowMs(), settings.signal);
        stream.send(LeaseKeepAliveRequest.create({ ID: id }));
      }
    } catch (error) {
      if (!isLostConnection(error) && !(await raw.renewAfter(error, settings.signal))) throw error;
    } finally {
      stream.cancel();
    }
    await raw.pause(reopenMs, settings.signal);
  }
}

function isLostConnection(error: unknown): boolean {
  if (!(error instanceof KvError) || error.code === 'closed') return false;
  return error.grpcCode === GrpcCode.unavailable && !isMistakenSetting(error);
}
