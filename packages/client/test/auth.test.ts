/**
 * Goal: users, roles and permissions work, and a token that ends is renewed without anybody noticing. Method: the real etcd 3.7.1 (skipped where there
 * is none), with tokens that live for a second.
 */
import { authService } from '@kv/proto/auth';
import { expect, test } from 'vitest';
import { Client } from '../src/client.js';
import { allKeys, prefix } from '../src/data.js';
import { grpcJsTransport } from '../src/transport/grpc-js.js';
import type { Transport } from '../src/transport/port.js';
import { wireTransport } from '../src/transport/wire/transport.js';
import { TestServer, availableServers } from './reference.js';

const etcd = availableServers().filter(({ name }) => name === 'etcd');
const transports = [
  { name: 'wire', transport: wireTransport },
  { name: 'grpc-js', transport: grpcJsTransport },
];
const cases = etcd.flatMap((binary) => transports.map((each) => ({ ...each, binary })));

/** Waits until a token that is made now is refused: those that were idle as long are, too. Each use lengthens it, so it is asked about rarely. */
async function tokensEnd(endpoints: readonly string[], transport: Transport): Promise<void> {
  await using stranger = await Client.open({ endpoints, transport });
  const request = { name: 'app', password: 'pw' };
  const { token } = await stranger.raw.call(authService.authenticate, request);
  await using holder = await Client.open({ endpoints, transport, token });
  const refusal = (): Promise<unknown> =>
    holder.kv.find('app/1').then(
      () => 'valid',
      (error: unknown) => error,
    );
  await expect
    .poll(refusal, { timeout: 20_000, interval: 2_500 })
    .toMatchObject({ code: 'invalidAuthToken' });
}

test.skipIf(cases.length === 0).each(cases)(
  '$name: users, roles, permissions; tokens that end are renewed, also under a watch',
  { timeout: 60_000 },
  async ({ binary, transport }) => {
    await using server = await TestServer.start(binary, ['--auth-token-ttl', '1']);
    const endpoints = [server.endpoint];
    await using admin = await Client.open({ endpoints, transport });
    const { auth } = admin;
    await auth.users.add('root', 'secret');
    // The role `root` is there without being added.
    await auth.users.grantRole('root', 'root');
    await auth.users.add('app', 'pw');
    await auth.users.add('certificate');
    await auth.roles.add('app');
    await auth.roles.grantPermission('app', { keys: prefix('app/'), access: 'readwrite' });
    await auth.roles.grantPermission('app', { keys: 'shared', access: 'read' });
    await auth.roles.grantPermission('app', { keys: { from: 'x', end: 'y' }, access: 'write' });
    await auth.users.grantRole('app', 'app');
    expect(await auth.users.list()).toEqual(['app', 'certificate', 'root']);
    expect(await auth.users.get('app')).toEqual(['app']);
    const permissions = await auth.roles.get('app');
    expect(permissions.map(({ access }) => access)).toEqual(['readwrite', 'read', 'write']);
    expect(permissions[0]?.keys).toEqual({ prefix: new TextEncoder().encode('app/') });
    expect((await auth.status()).isEnabled).toBe(false);
    await auth.enable();

    // Without a user nothing is allowed; a wrong password is no user.
    await expect(admin.kv.put('app/1', 'x')).rejects.toMatchObject({
      code: 'userEmpty',
      outcome: 'definite',
    });
    await using stranger = await Client.open({
      endpoints,
      transport,
      auth: { user: 'app', password: 'no' },
    });
    await expect(stranger.kv.put('app/1', 'x')).rejects.toMatchObject({ code: 'authFailed' });

    await using root = await Client.open({
      endpoints,
      transport,
      auth: { user: 'root', password: 'secret' },
    });
    await using app = await Client.open({
      endpoints,
      transport,
      auth: { user: 'app', password: 'pw' },
    });
    expect((await root.auth.status()).isEnabled).toBe(true);
    await app.kv.put('app/1', 'x');
    await expect(app.kv.put('shared', 'x')).rejects.toMatchObject({ code: 'permissionDenied' });
    await expect(app.kv.get(allKeys)).rejects.toMatchObject({ code: 'permissionDenied' });
    await expect(app.watch(allKeys).next()).rejects.toMatchObject({ code: 'watchCanceled' });

    await using session = await app.lease.session(2);
    await app.kv.put('app/leased', 'x', { lease: session });
    await tokensEnd(endpoints, transport);
    await using watch = app.watch(prefix('app/'));
    expect(await watch.created()).toBeGreaterThan(0);
    const { revision } = await app.kv.put('app/1', 'y');
    expect((await watch.next()).value?.revision).toBe(revision);
    expect(session.isAlive).toBe(true);
    await tokensEnd(endpoints, transport);
    expect(await app.kv.count(prefix('app/'))).toBe(2);
    // A change of users makes older tokens old: renewed, too.
    await root.auth.users.changePassword('certificate', 'pw2');
    await root.auth.roles.revokePermission('app', 'shared');
    expect(await app.kv.count(prefix('app/'))).toBe(2);
    await root.auth.users.revokeRole('app', 'app');
    await expect(app.kv.get('app/1')).rejects.toMatchObject({ code: 'permissionDenied' });
    await root.auth.users.delete('certificate');
    await root.auth.roles.delete('app');
    expect(await root.auth.roles.list()).toEqual([]);
    await session.release();
    await root.auth.disable();
    await admin.kv.put('app/1', 'free again');
  },
);
