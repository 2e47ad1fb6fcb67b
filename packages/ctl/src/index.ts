/** The commands of kvctl as a library: everything but the process around them. */
export { run } from './run.js';
export { processIo } from './io.js';
export { processArguments, processEnvironment } from './process.js';
export { ExitCode } from './exit.js';

export type { ByteString } from './bytes.js';
export type { Environment } from './context.js';
export type { Io } from './io.js';
