#!/usr/bin/env node
/**
 * kvctl: from the process to `@kv/ctl` and back.
 *
 * Most of the time of a short command is Node finding and loading modules, so this file makes that cheap before it imports the rest. What
 * each measure saves is in README.md.
 */

// As in @kv/ctl: `import` of a Node module would load more than is used.
const module = process.getBuiltinModule('node:module');
const { homedir } = process.getBuiltinModule('node:os');

// Compiled code is kept in the user's own cache folder: the install may be read-only, and a folder shared with others is not to be trusted.
const cacheHome = process.env['XDG_CACHE_HOME'] ?? `${homedir()}/.cache`;
module.enableCompileCache(process.env['NODE_COMPILE_CACHE'] ?? `${cacheHome}/kvctl`);

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
