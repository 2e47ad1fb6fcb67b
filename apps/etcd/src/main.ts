#!/usr/bin/env node
/** The daemon's command: from arguments to a running member, and from a signal or a failure to an exit code. */
import './heap.js';
import { parseConfig, flagListing, goArchOf, synopsis, versionText } from '@kv/server';
import type { Logger, ParsedConfig } from '@kv/server';
import { BANNER_VARIABLE, bannerText } from './banner.js';
import { Daemon } from './daemon.js';
import { ExitCode, crash, exitBySignal, fail, openLoggerOrExit, reportProblems } from './exits.js';
import { packageVersion, readFile } from './files.js';
import { nodeProblem } from './node-version.js';
import { notifyServiceManager } from './notify.js';

const { env } = process;
const supportedArchitectures: readonly string[] = ['amd64', 'arm64', 'ppc64le', 's390x'];

function endWith(code: number, text: string): never {
  process.stderr.write(text);
  process.exit(code);
}

function stopOnSignals(daemon: Daemon, logger: Logger): void {
  let stopping = false;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      // A second one changes nothing: stopping is bounded.
      if (stopping) return;
      stopping = true;
      const word = signal === 'SIGTERM' ? 'terminated' : 'interrupt';
      logger.log('info', 'received signal; shutting down', { signal: word });
      daemon.stop().then(
        () => {
          exitBySignal(signal);
        },
        (error: unknown) => fail(logger, error, 'closing failed'),
      );
    });
  }
}

async function run({
  member,
  daemon: config,
  notes,
}: Extract<ParsedConfig, { type: 'run' }>): Promise<never> {
  const problem = nodeProblem(process.versions.node, process.execPath);
  if (problem !== undefined) endWith(ExitCode.failure, problem);
  if (env[BANNER_VARIABLE] !== undefined) process.stdout.write(bannerText(member, config));
  const logger = openLoggerOrExit(config.logging, notes);
  process.on('uncaughtException', (error) => crash(logger, error));
  const arch = goArchOf(process.arch);
  if (!supportedArchitectures.includes(arch) && env['ETCD_UNSUPPORTED_ARCH'] !== arch) {
    const why =
      'Refusing to run etcd on unsupported architecture since ETCD_UNSUPPORTED_ARCH is not set';
    logger.log('error', why, { arch });
    process.exit(ExitCode.failure);
  }
  if (config.dataDirDefaulted) {
    const fields = { 'data-dir': member.dataDir };
    logger.log('warn', "'data-dir' was empty; using default", fields);
  }
  const transport = env['KV_TRANSPORT'] === 'grpc-js' ? 'grpc-js' : 'http2';
  const daemon = await Daemon.start({
    ...{ member, daemon: config, logger, transport },
    beforeReady: (started) => {
      stopOnSignals(started, logger);
    },
  }).catch((error: unknown) => fail(logger, error));
  notifyServiceManager(env['NOTIFY_SOCKET'], logger);
  const failure = await daemon.failed;
  // Nothing is answered any more. How the member ended is what counts, not how well it closed.
  await daemon.cut().catch(() => undefined);
  fail(logger, failure, 'member failed');
}

const words = process.argv.slice(2);
if (words[0] === 'gateway' || words[0] === 'grpc-proxy') {
  endWith(ExitCode.failure, `etcd ${words[0]}: the proxies are not supported yet\n`);
}
const parsed = parseConfig(words, env, readFile);
switch (parsed.type) {
  case 'version':
    process.stdout.write(
      versionText({ ...process, nodeVersion: process.version, packageVersion: packageVersion() }),
    );
    break;
  case 'help':
    process.stderr.write(synopsis);
    process.stdout.write(flagListing());
    break;
  case 'usage':
    endWith(ExitCode.usage, [parsed.text, parsed.hint, synopsis].filter(Boolean).join('\n'));
    break;
  case 'problems':
    reportProblems(parsed);
    break;
  case 'run':
    await run(parsed);
}
