/** Everything that commands which connect have in common, in etcdctl's order: environment, options, format. */
import type { Configuration, Environment } from '../context.js';
import { ExitCode, ExitError } from '../exit.js';
import { last, nameOf, type CommandPath } from '../grammar/command.js';
import type { FlagSet } from '../grammar/flag-set.js';
import { valueText, type FlagSpec } from '../grammar/flag.js';
import type { Io } from '../io.js';
import { openPrinter } from '../print/printer.js';
import { checkSizes, clientConfig } from './config.js';
import { applyEnvironment, variableOf } from './environment.js';
import { Clients } from './session.js';

/** Variables that `watch` reads itself. */
const watchVariables = ['ETCDCTL_WATCH_KEY', 'ETCDCTL_WATCH_RANGE_END'];

/** Throws `ExitError`. `close` closes every client that was opened. */
export async function configure(
  flags: FlagSet,
  inherited: readonly FlagSpec[],
  path: CommandPath,
  { environment, io }: { readonly environment: Environment; readonly io: Io },
): Promise<{ readonly configuration: Configuration; readonly close: () => Promise<void> }> {
  const known = nameOf(last(path)) === 'watch' ? watchVariables : [];
  applyEnvironment(environment, flags, inherited, known, (line) => {
    io.stderr(line);
  });
  if (flags.bool('debug')) printSettings(flags, inherited, io);
  const config = await clientConfig(flags, io);
  const options = { hex: flags.bool('hex') };
  const printer = await openPrinter(flags.string('write-out'), options, io);
  if (printer === undefined) throw new ExitError(ExitCode.badFeature, 'unsupported output format');
  const clients = new Clients(config, io);
  return {
    configuration: {
      config,
      printer,
      connect: (endpoints, other) => {
        checkSizes(flags);
        return clients.connect(endpoints, other);
      },
    },
    close: () => clients.close(),
  };
}

function printSettings(flags: FlagSet, inherited: readonly FlagSpec[], io: Io): void {
  const sorted = [...inherited].sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const spec of sorted) {
    io.stderr(`${variableOf(spec.name)}=${valueText(flags.value(spec), spec.type)}\n`);
  }
}
