/**
 * Goal: the client behaves the same with our server and with the real etcd 3.7.1. Method: one list of tests, run against each server that is there
 * and over both transports.
 */
import { afterAll, beforeAll, describe } from 'vitest';
import { grpcJsTransport } from '../src/transport/grpc-js.js';
import { wireTransport } from '../src/transport/wire/transport.js';
import { TestServer, availableServers } from './reference.js';
import { leasesSuite } from './suite/leases.js';
import { maintenanceSuite } from './suite/maintenance.js';
import { rangesSuite } from './suite/ranges.js';
import { transactionsSuite } from './suite/transactions.js';
import { watchesSuite } from './suite/watches.js';

const ports: Readonly<Record<string, number>> = { etcd: 22_500, ours: 22_504 };
const transports = { wire: wireTransport, 'grpc-js': grpcJsTransport };
const cases = availableServers();

describe.skipIf(cases.length === 0).each(cases)('with $name', (binary) => {
  let server: TestServer | undefined;
  beforeAll(async () => {
    server = await TestServer.start(binary, ports[binary.name] ?? 22_508);
  }, 60_000);
  afterAll(async () => {
    await server?.[Symbol.asyncDispose]();
  });

  describe.each(Object.entries(transports))('over %s', (_name, transport) => {
    const context = { transport, endpoint: (): string => server?.endpoint ?? '' };
    transactionsSuite(context);
    rangesSuite(context);
    watchesSuite(context);
    leasesSuite(context);
    maintenanceSuite(context);
  });
});
