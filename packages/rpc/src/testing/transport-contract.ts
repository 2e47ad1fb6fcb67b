/**
 * The contract of transports as a vitest suite: `handler.ts`'s rules, and the points of the gRPC and HTTP/2 specifications that
 * clients of etcd rely on. Driven by a grpc-js client, by `node:http2`, and by frames written to a socket.
 */
import { afterEach, beforeEach, describe, it } from 'vitest';
import { TransportBench } from './bench.js';
import type { OpenTransport } from './bench.js';
import { cancellationChecks } from './cancellation-checks.js';
import { framingChecks } from './framing-checks.js';
import { http2Checks } from './http2-checks.js';
import { lifecycleChecks } from './lifecycle-checks.js';
import type { SelfSigned } from './self-signed.js';
import { statusChecks } from './status-checks.js';
import { streamChecks } from './stream-checks.js';
import { unaryChecks } from './unary-checks.js';

export type { OpenTransport } from './bench.js';

/**
 * Checks that an implementation is known to fail, by name, and why. Such a check is expected to fail: when it begins to
 * pass the suite fails, so that exceptions do not outlive their reason.
 */
export type ExpectedExceptions = Readonly<Record<string, string>>;

/** One promise of a transport. */
export interface TransportCheck {
  readonly name: string;
  run(bench: TransportBench): Promise<void>;
}

const groups: Readonly<Record<string, readonly TransportCheck[]>> = {
  'unary calls': unaryChecks,
  'streaming calls': streamChecks,
  cancellation: cancellationChecks,
  statuses: statusChecks,
  'message framing': framingChecks,
  'HTTP/2': http2Checks,
  lifecycle: lifecycleChecks,
};

/** Runs the contract against one implementation, over TLS if a certificate is given. Call it at the top of a test file. */
export function transportContract(
  name: string,
  open: OpenTransport,
  exceptions: ExpectedExceptions = {},
  tls?: SelfSigned,
): void {
  const names = Object.values(groups).flatMap((checks) => checks.map((check) => check.name));
  if (new Set(names).size !== names.length) throw new Error('two checks have one name');
  for (const exception of Object.keys(exceptions)) {
    if (!names.includes(exception)) throw new Error(`no check is named "${exception}"`);
  }

  describe(`transport contract: ${name}`, () => {
    let bench: TransportBench;
    beforeEach(() => {
      bench = new TransportBench(open, tls);
    });
    afterEach(async () => {
      await bench.close();
    });

    for (const [group, checks] of Object.entries(groups)) {
      describe(group, () => {
        for (const check of checks) {
          const reason = exceptions[check.name];
          if (reason === undefined) it(check.name, () => check.run(bench));
          else it.fails(`${check.name} [exception: ${reason}]`, () => check.run(bench));
        }
      });
    }
  });
}
