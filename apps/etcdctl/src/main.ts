#!/usr/bin/env node
/**
 * kvctl: from the process to `@kv/ctl` and back.
 *
 * Most of the time of a short command is Node finding and loading modules, so this file makes that cheap before it imports the rest. What
 * each measure saves is in DESIGN.md.
 */

// As in @kv/ctl: `import` of a Node module would load more than is used.
const module = process.getBuiltinModule('node:module');
const fs = process.getBuiltinModule('node:fs');
const { homedir } = process.getBuiltinModule('node:os');

/**
 * Compiled code is kept in the user's own cache folder: the install may be read-only, and a folder shared with others is not to be trusted.
 * Undefined where it cannot be made. Made here one by one, since Node's own attempt never ends in a place like /proc.
 */
function cacheFolder(): string | undefined {
  const named = process.env['XDG_CACHE_HOME'] ?? '';
  const cacheHome = named === '' ? `${homedir()}/.cache` : named;
  const folder = `${cacheHome}/kvctl`;
  try {
    if (!fs.existsSync(cacheHome)) fs.mkdirSync(cacheHome);
    if (!fs.existsSync(folder)) fs.mkdirSync(folder);
    return folder;
  } catch {
    return undefined;
  }
}

const cache = process.env['NODE_COMPILE_CACHE'] ?? cacheFolder();
if (cache !== undefined) module.enableCompileCache(cache);

// Relative imports name their file exactly: there is nothing to look up, no link to follow and no package.json to consult. (Since Node
// 22.15; before, they are looked up as usual.)
if ('registerHooks' in module) {
  module.registerHooks({
    resolve: (specifier, context, next) =>
      specifier.startsWith('.') && context.parentURL?.startsWith('file:') === true
        ? { url: new URL(specifier, context.parentURL).href, format: 'module', shortCircuit: true }
        : next(specifier, context),
  });
}

const { run, processArguments, processEnvironment, processIo } = await import('@kv/ctl');
process.exit(await run(processArguments(), processEnvironment(), processIo()));
