/** What a script sees of one server: a fresh daemon of ours or of etcd, or a test cluster, all at the same addresses. */
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { createTestCluster, type TestCluster } from '@kv/testing';
import { DaemonProcess, temporaryDirectory } from '../e2e/daemon-process.js';
import { PortWire } from './port-wire.js';
import { Session, type Script } from './script.js';
import { GrpcWire, type Wire } from './wire.js';

/** etcd 3.7.1 on this machine; undefined when it is not there. */
export const reference: string | undefined = [
  join(process.env['REF'] ?? join(homedir(), 'ref'), 'etcd'),
].find((path) => existsSync(path));

const NAME = 'm';

/** The addresses of a member. Ids of member and cluster derive from them; what is compared has the same ones. */
export class Place {
  readonly clientAddress: string;
  readonly clientUrl: string;
  readonly peerUrl: string;

  /** `port` is for clients, the next one for members. */
  constructor(port: number) {
    this.clientAddress = `127.0.0.1:${port}`;
    this.clientUrl = `http://${this.clientAddress}`;
    this.peerUrl = `http://127.0.0.1:${port + 1}`;
  }
}

/** Runs a script on a fresh member of a program (ours by default) and returns its transcript. */
export async function transcriptOfDaemon(
  script: Script,
  { clientAddress, clientUrl, peerUrl }: Place,
  program?: string,
): Promise<readonly string[]> {
  const directory = temporaryDirectory();
  const daemon = new DaemonProcess({
    ...(program === undefined ? {} : { program }),
    args: [
      `--name=${NAME}`,
      `--data-dir=${directory.path}/data`,
      `--listen-client-urls=${clientUrl}`,
      `--advertise-client-urls=${clientUrl}`,
      `--listen-peer-urls=${peerUrl}`,
      `--initial-advertise-peer-urls=${peerUrl}`,
      `--initial-cluster=${NAME}=${peerUrl}`,
      '--unsafe-no-fsync',
    ],
  });
  try {
    await daemon.line('ready to serve client requests');
    return await transcriptOver(script, new GrpcWire(clientAddress));
  } finally {
    await daemon.end();
    directory.remove();
  }
}

/** How a script reaches a test cluster: inside of the process, or on a real socket. */
export type Way = 'in process' | 'on a socket';

/** Runs a script on a fresh test cluster of one member. */
export async function transcriptOfTestCluster(
  script: Script,
  { clientUrl, peerUrl }: Place,
  way: Way,
): Promise<readonly string[]> {
  await using cluster = await createTestCluster({
    config: {
      name: NAME,
      initialCluster: [{ name: NAME, peerUrls: [peerUrl] }],
      initialAdvertisePeerUrls: [peerUrl],
      advertiseClientUrls: [clientUrl],
    },
  });
  return await transcriptOver(script, timed(await wireTo(cluster, way), cluster));
}

/** Between two calls to a process some time passes, and remaining times show it; virtual time is let pass as well. */
function timed(wire: Wire, cluster: TestCluster): Wire {
  return {
    unary: async (method, request) => {
      await cluster.advance(1);
      return wire.unary(method, request);
    },
    serverStream: (method, request) => wire.serverStream(method, request),
    duplex: (method) => wire.duplex(method),
    close: () => {
      wire.close();
    },
  };
}

async function wireTo(cluster: TestCluster, way: Way): Promise<Wire> {
  if (way === 'on a socket') return new GrpcWire((await cluster.listen())[0] ?? '');
  const { transport, endpoints } = cluster.connection();
  return new PortWire(transport, endpoints[0] ?? '');
}

async function transcriptOver(script: Script, wire: Wire): Promise<readonly string[]> {
  try {
    const session = new Session(wire);
    await script.run(session);
    return session.transcript.lines;
  } finally {
    wire.close();
  }
}
