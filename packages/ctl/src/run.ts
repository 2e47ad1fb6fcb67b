/** One run of kvctl: from the command line to the exit code. The only place that prints `Error: …`. */
import { fromText, type ByteString } from './bytes.js';
import type { CommandContext, Configuration, Environment, Session } from './context.js';
import { ExitCode, ExitError } from './exit.js';
import {
  UnknownCommandError,
  findCommand,
  flagSetOf,
  helpFlagName,
  inheritedFlags,
  last,
  nameOf,
  type CommandPath,
} from './grammar/command.js';
import { FlagError, type FlagSet } from './grammar/flag-set.js';
import { OutputClosed, type Io } from './io.js';
import { commandTree } from './tree.js';

/** What a shell reports for a program whose reader went away (128 + SIGPIPE); etcdctl dies of that signal. */
const outputClosedCode = 141;

/** `args` and `environment` are bytes already. Never rejects. */
export async function run(
  args: readonly ByteString[],
  environment: Environment,
  io: Io,
): Promise<ExitCode> {
  try {
    return await dispatch(args, environment, io);
  } catch (error) {
    if (error instanceof OutputClosed) return outputClosedCode;
    if (error instanceof ExitError) return await report(io, error);
    io.stderr(`Error: ${fromText(error instanceof Error ? error.message : String(error))}\n`);
    return ExitCode.error;
  }
}

/** Programs look for the `Error:` line; people also read the one after it. */
async function report(io: Io, error: ExitError): Promise<ExitCode> {
  if (error.message === '') return error.code;
  io.stderr(`Error: ${error.message}\n`);
  if (error.cause === undefined) return error.code;
  const { remedyOf } = await import('./remedy.js');
  const remedy = remedyOf(error.cause);
  if (remedy !== undefined) io.stderr(`Hint: ${remedy}\n`);
  return error.code;
}

async function dispatch(
  args: readonly ByteString[],
  environment: Environment,
  io: Io,
): Promise<ExitCode> {
  try {
    if (isProposalRequest(args[0])) {
      const { propose } = await import('./completion/propose.js');
      return propose(commandTree, args, io);
    }
    const found = findCommand(commandTree, args);
    const flags = flagSetOf(found.path);
    return await execute(found.path, flags, found.args, { args, environment, io });
  } catch (error) {
    if (!(error instanceof UnknownCommandError)) throw error;
    io.stderr(`Error: ${error.message}\nRun '${nameOf(commandTree)} --help' for usage.\n`);
    return ExitCode.error;
  }
}

/** What the completion scripts call; hidden from help. */
function isProposalRequest(word: ByteString | undefined): boolean {
  return word === '__complete' || word === '__completeNoDesc';
}

interface Invocation {
  readonly args: readonly ByteString[];
  readonly environment: Environment;
  readonly io: Io;
}

async function execute(
  path: CommandPath,
  flags: FlagSet,
  args: readonly ByteString[],
  invocation: Invocation,
): Promise<ExitCode> {
  const { io } = invocation;
  const spec = last(path);
  try {
    flags.parse(args);
    if (!flags.bool(helpFlagName)) spec.checkArgs?.(flags.args, path);
  } catch (error) {
    if (!(error instanceof FlagError)) throw error;
    const { usageText } = await import('./grammar/usage.js');
    io.stderr(`Error: ${error.message}\n${usageText(path)}\n`);
    return ExitCode.error;
  }
  if (flags.bool(helpFlagName) || spec.load === undefined) {
    const { helpText } = await import('./grammar/usage.js');
    io.stdout(helpText(path));
    return ExitCode.success;
  }
  const { run: command } = await spec.load();
  const resources = new Resources(path, flags, invocation);
  try {
    return await command(resources.context());
  } finally {
    await resources.close();
  }
}

/** What a command opened, to be closed when it ends. */
class Resources {
  readonly #path: CommandPath;
  readonly #flags: FlagSet;
  readonly #invocation: Invocation;
  #close: (() => Promise<void>) | undefined;

  constructor(path: CommandPath, flags: FlagSet, invocation: Invocation) {
    this.#path = path;
    this.#flags = flags;
    this.#invocation = invocation;
  }

  context(): CommandContext {
    const { args, environment, io } = this.#invocation;
    return {
      flags: this.#flags,
      args: this.#flags.args,
      commandLine: args,
      environment,
      io,
      configure: () => this.#configure(),
      open: () => this.#open(),
    };
  }

  async #configure(): Promise<Configuration> {
    const { configure } = await import('./global/configure.js');
    const inherited = inheritedFlags(this.#path);
    const { configuration, close } = await configure(
      this.#flags,
      inherited,
      this.#path,
      this.#invocation,
    );
    this.#close = close;
    return configuration;
  }

  async #open(): Promise<Session> {
    const configuration = await this.#configure();
    const client = await configuration.connect(configuration.config.endpoints);
    return { ...configuration, client };
  }

  async close(): Promise<void> {
    await this.#close?.();
  }
}
