/** What a command gets: its flags and arguments, the streams, and a way to the store. */
import type { RawClient } from '@kv/client/raw';
import type { ByteString } from './bytes.js';
import type { ExitCode } from './exit.js';
import type { FlagSet } from './grammar/flag-set.js';
import type { ClientConfig } from './global/config.js';
import type { Io } from './io.js';
import type { Printer } from './print/printer.js';

/** Text of each variable, as bytes. */
export type Environment = ReadonlyMap<string, ByteString>;

export interface CommandContext {
  readonly flags: FlagSet;
  readonly args: readonly ByteString[];
  /** The command line as it was typed, without the program. */
  readonly commandLine: readonly ByteString[];
  readonly environment: Environment;
  readonly io: Io;
  /**
   * Checks the global options and the output format, and opens the client. Called once a command has checked its own arguments, since the
   * first mistake is the one that is reported. The run closes the client.
   */
  open(): Promise<Session>;
  /** The same without a client: for commands that make one for each endpoint. */
  configure(): Promise<Configuration>;
}

export interface Session extends Configuration {
  readonly client: RawClient;
}

export interface Configuration {
  readonly config: ClientConfig;
  readonly printer: Printer;
  /** Opens one more client, with `config` or another one. The run closes it. */
  readonly connect: (endpoints: readonly ByteString[], other?: ClientConfig) => Promise<RawClient>;
}

/** What a file in `commands/` exports. */
export interface CommandModule {
  readonly run: (context: CommandContext) => Promise<ExitCode>;
}
