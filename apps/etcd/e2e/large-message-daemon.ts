/** A daemon that takes requests of 10 MB, on a plain address and on one with TLS, on data of its own. */
import { join } from 'node:path';
import { writeCertificates } from './certificates.js';
import { DaemonProcess, memberArgs, temporaryDirectory } from './daemon-process.js';

export const requestBytesMax: number = 16 * 1024 * 1024;

export class LargeMessageDaemon {
  /** host:port */
  readonly plain: string;
  /** host:port; the certificate is for localhost and 127.0.0.1. */
  readonly secure: string;
  /** PEM. */
  readonly authorityFile: string;
  readonly #daemon: DaemonProcess;
  readonly #directory: ReturnType<typeof temporaryDirectory>;

  static async start(): Promise<LargeMessageDaemon> {
    const directory = temporaryDirectory();
    const { authorityFile, certFile, keyFile } = writeCertificates(directory.path);
    const daemon = new DaemonProcess({
      args: [
        ...memberArgs(join(directory.path, 'data')),
        '--listen-client-urls=http://127.0.0.1:0,https://127.0.0.1:0',
        `--cert-file=${certFile}`,
        `--key-file=${keyFile}`,
        `--max-request-bytes=${requestBytesMax}`,
      ],
    });
    try {
      const secure = await daemon.line('serving client traffic securely');
      const plain = await daemon.line(
        'serving client traffic insecurely; this is strongly discouraged!',
      );
      const addresses = [String(plain['address']), String(secure['address'])] as const;
      return new LargeMessageDaemon(daemon, directory, addresses, authorityFile);
    } catch (error) {
      await daemon.end();
      directory.remove();
      throw error;
    }
  }

  private constructor(
    daemon: DaemonProcess,
    directory: ReturnType<typeof temporaryDirectory>,
    [plain, secure]: readonly [string, string],
    authorityFile: string,
  ) {
    this.#daemon = daemon;
    this.#directory = directory;
    this.plain = plain;
    this.secure = secure;
    this.authorityFile = authorityFile;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#daemon.end();
    this.#directory.remove();
  }
}
