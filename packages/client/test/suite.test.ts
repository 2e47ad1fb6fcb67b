/**
 * Goal: the client behaves the same with our server and with the real etcd 3.7.1. Method: one list of tests, run against each server that is there
 * and over both transports.
 */
import { describe } from 'vitest';
import { grpcJsTransport } from '../src/transport/grpc-js.js';
import { wireTransport } from '../src/transport/wire/transport.js';
import { availableServers, type TestServer } from './reference.js';
import { leasesSuite } from './suite/leases.js';
import { maintenanceSuite } from './suite/maintenance.js';
import { rangesSuite } from './suite/ranges.js';
import { transactionsSuite } from './suite/transactions.js';
import { watchesSuite } from './suite/watches.js';
import { withServer } from './with-server.js';

const transports = { wire: wireTransport, 'grpc-js': grpcJsTransport };
const cases = availableServers();

describe.skipIf(cases.length === 0).each(cases)('with $name', (binary) => {
  let server: TestServer | undefined;
  withServer(binary, (started) => {
    ({ server } = started);
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
