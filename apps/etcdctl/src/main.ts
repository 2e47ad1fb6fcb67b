#!/usr/bin/env node
/** kvctl: from the process to `@kv/ctl` and back. */
import module from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';

// Compiled code is kept in the user's own cache folder: the install may be read-only, and a shared one is not to be trusted. Node itself
// takes NODE_COMPILE_CACHE when it is set. Everything else is imported after this line, or it would not be cached.
const cacheHome = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
module.enableCompileCache(process.env['NODE_COMPILE_CACHE'] ?? join(cacheHome, 'kvctl'));

const { run, processArguments, processEnvironment, processIo } = await import('@kv/ctl');
process.exit(await run(processArguments(), processEnvironment(), processIo()));
