/**
 * Finds out why an endpoint can not be used, by connecting as a transport would and looking at the first bytes. For transports that are not told the
 * reason: grpc-js keeps it, and a server that wants TLS just hangs up on those who do not speak it.
 */
import { connect, type Socket } from 'node:net';
import { ConnectionError, connectionError } from './connection-error.js';
import type { Endpoint, TlsOptions } from './port.js';
import { connectTls } from './wire/tls.js';

/** Longest probe. */
const probeMsMax = 2_000;
/** HTTP/2 preface and empty SETTINGS (RFC 9113 §3.4): what a server waits for before it speaks. */
const greeting = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0', 'latin1');
const settingsFrame = 4;

/** Undefined when the server answers in HTTP/2 after all. */
export async function probe(
  endpoint: Endpoint,
  tls: TlsOptions,
): Promise<ConnectionError | undefined> {
  const where = addressOf(endpoint);
  const problem = endpoint.secure
    ? await firstAnswer(connectTls(where, endpoint, tls), 'secureConnect')
    : await firstAnswer(connect(where), 'connect');
  if (problem === undefined || problem.code !== undefined) return problem;
  if (endpoint.secure) {
    // A server that does not know what a handshake is hangs up as well.
    const speaksPlainly = (await firstAnswer(connect(where), 'connect')) === undefined;
    return speaksPlainly
      ? new ConnectionError('tlsNotSupported', 'the server does not speak TLS', { cause: problem })
      : problem;
  }
  return (await speaksTls(endpoint))
    ? new ConnectionError('tlsRequired', 'the server speaks TLS, and this connection does not', {
        cause: problem,
      })
    : problem;
}

export function addressOf({
  address,
}: Endpoint): { readonly path: string } | { readonly host: string; readonly port: number } {
  return address.kind === 'unix'
    ? { path: address.path }
    : { host: address.host, port: address.port };
}

/** Whether a TLS handshake gets anywhere; whose certificate it is does not matter here. */
export async function speaksTls(endpoint: Endpoint): Promise<boolean> {
  const socket = connectTls(addressOf(endpoint), endpoint, { insecureSkipVerify: true });
  return new Promise((resolve) => {
    const finish = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(probeMsMax, () => {
      finish(false);
    });
    socket.once('secureConnect', () => {
      finish(true);
    });
    socket.once('error', (error) => {
      // A server that wants our certificate has shown its own: that was TLS.
      finish(connectionError(error).code === 'clientCertificateRefused');
    });
    socket.once('close', () => {
      finish(false);
    });
  });
}

function firstAnswer(socket: Socket, connected: string): Promise<ConnectionError | undefined> {
  return new Promise((resolve) => {
    const finish = (problem: ConnectionError | undefined): void => {
      socket.destroy();
      resolve(problem);
    };
    socket.setTimeout(probeMsMax, () => {
      finish(new ConnectionError(undefined, `no answer within ${probeMsMax} ms`));
    });
    socket.once(connected, () => socket.write(greeting));
    socket.once('data', (bytes: Buffer) => {
      if (bytes[3] === settingsFrame && bytes[0] === 0) finish(undefined);
      else finish(new ConnectionError(undefined, 'the server does not speak HTTP/2'));
    });
    socket.on('error', (error) => {
      finish(connectionError(error));
    });
    socket.once('close', () => {
      finish(new ConnectionError(undefined, 'connection closed by the server'));
    });
  });
}
