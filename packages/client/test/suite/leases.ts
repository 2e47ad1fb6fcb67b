/** Leases that keep themselves alive, and members as they are. */
import { describe, expect, test } from 'vitest';
import { FaultyProxy } from '../faulty-proxy.js';
import { open, own, type SuiteContext } from './context.js';

export function leasesSuite(context: SuiteContext): void {
  describe('lease sessions', () => {
    test(
      'a session outlives its time to live; closing it deletes its keys',
      { timeout: 20_000 },
      async () => {
        await using client = await open(context);
        const kv = own(client);
        const session = await client.lease.session(2);
        await kv.put('mine', 'x', { lease: session });
        const until = performance.now() + session.ttlSeconds * 1_500;
        await expect.poll(() => performance.now() > until, { timeout: 15_000 }).toBe(true);
        expect(session.isAlive).toBe(true);
        expect(await kv.find('mine')).toBeDefined();
        await session.close();
        expect(session.signal.aborted).toBe(true);
        expect(session.isAlive).toBe(false);
        expect(await kv.find('mine')).toBeUndefined();
        expect(await client.lease.find(session.id)).toBeUndefined();
      },
    );

    test(
      'a session that is cut off tells before the server ends the lease',
      { timeout: 30_000 },
      async () => {
        await using proxy = await FaultyProxy.open(context.endpoint(), 1);
        await using client = await open(context, { endpoints: [proxy.endpoint] });
        await using direct = await open(context);
        const session = await client.lease.session(3);
        proxy.blackHole(true);
        const reason = await session.lost;
        expect(reason).toMatchObject({ code: 'leaseLost', outcome: 'definite' });
        expect(session.signal.reason).toBe(reason);
        expect(() => {
          session.assertAlive();
        }).toThrow('could not be renewed');
        // The server still has it: nobody else can have got it.
        expect(await direct.lease.find(session.id)).toBeDefined();
        await session.close();
      },
    );

    test('a session goes on over cut connections', { timeout: 30_000 }, async () => {
      await using proxy = await FaultyProxy.open(context.endpoint(), 2);
      await using client = await open(context, { endpoints: [proxy.endpoint] });
      await using session = await client.lease.session(2);
      const until = performance.now() + 4_000;
      await expect
        .poll(
          () => {
            proxy.cutAll();
            return performance.now() > until;
          },
          { timeout: 10_000, interval: 100 },
        )
        .toBe(true);
      expect(session.isAlive).toBe(true);
    });

    test(
      'revoked by somebody else: lost as soon as the next renewal',
      { timeout: 20_000 },
      async () => {
        await using client = await open(context);
        const session = await client.lease.session(2);
        await client.lease.revoke(session.id);
        expect(await session.lost).toMatchObject({ code: 'leaseNotFound' });
        await session.close();
      },
    );

    test('a released session leaves the lease to itself; closing the client ends sessions', async () => {
      await using client = await open(context);
      await using direct = await open(context);
      const released = await client.lease.session(30);
      await released.release();
      expect(await direct.lease.find(released.id)).toBeDefined();
      const orphan = await client.lease.session(30);
      await client.close();
      await expect.poll(() => orphan.signal.aborted).toBe(true);
      await orphan.close();
    });
  });
}
