/** A server and a client of it for the tests of one `describe`: there before the first, gone after the last. */
import { afterAll, beforeAll } from 'vitest';
import { Client } from '../src/client.js';
import { wireTransport } from '../src/transport/wire/transport.js';
import { TestServer, type Binary } from './reference.js';

export interface ServerAndClient {
  readonly server: TestServer;
  readonly client: Client;
}

/** Hands both over before the first test. */
export function withServer(binary: Binary, take: (started: ServerAndClient) => void): void {
  let started: ServerAndClient | undefined;
  beforeAll(async () => {
    const server = await TestServer.start(binary);
    const client = await Client.open({ endpoints: [server.endpoint], transport: wireTransport });
    started = { server, client };
    take(started);
  }, 60_000);
  afterAll(async () => {
    await started?.client.close();
    await started?.server[Symbol.asyncDispose]();
  });
}
