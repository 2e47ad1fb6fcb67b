// What the root commands need to know of the workspace: whether a step must run again, and what the tests counted.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';

const skippedDirs = new Set(['node_modules', 'dist', 'test-results', '.turbo', 'data', 'gen']);

/** All files below `dir` that may influence a build, as paths; folders that only hold results are left out. */
function* filesBelow(dir) {
  for (const entry of readdirSync(dir, { withFileTypes: true })) {
    if (skippedDirs.has(entry.name)) continue;
    const path = join(dir, entry.name);
    if (entry.isDirectory()) yield* filesBelow(path);
    else yield path;
  }
}

/** Directories of all workspace packages, relative to `root`. */
export function packageDirs(root) {
  const groups = ['packages', 'apps'].flatMap((group) =>
    existsSync(join(root, group)) ? readdirSync(join(root, group)).map((d) => join(group, d)) : [],
  );
  return ['proto', 'bench', 'tidy', ...groups].filter((d) =>
    existsSync(join(root, d, 'package.json')),
  );
}

/**
 * A digest of what a step depends on. `install`: the manifests and the lockfile. `build`: those, and path, size and
 * modification time of every source file (content would be slower and turbo looks at content itself).
 */
export function fingerprintOf(root, what) {
  const hash = createHash('sha256');
  const dirs = packageDirs(root);
  const manifests = ['package.json', 'pnpm-lock.yaml', 'pnpm-workspace.yaml'].concat(
    dirs.map((d) => join(d, 'package.json')),
  );
  for (const file of manifests) hash.update(readFileSync(join(root, file)));
  if (what === 'build') {
    for (const file of [join(root, 'tsconfig.base.json'), join(root, 'turbo.json')]) {
      hash.update(readFileSync(file));
    }
    for (const dir of dirs) {
      // A dist removed by hand must be built again.
      hash.update(`${dir} ${existsSync(join(root, dir, 'dist'))}`);
      for (const file of [...filesBelow(join(root, dir))].sort()) {
        const { size, mtimeMs } = statSync(file);
        hash.update(`${relative(root, file)} ${size} ${mtimeMs}\n`);
      }
    }
  }
  return hash.digest('hex');
}

/** Adds up the result files that each package's vitest left behind (turbo restores them from its cache). */
export function sumTestResults(root) {
  const sum = { passed: 0, failed: 0, skipped: 0 };
  for (const dir of packageDirs(root)) {
    const file = join(root, dir, 'test-results', 'vitest.json');
    if (!existsSync(file)) {
      const manifest = JSON.parse(readFileSync(join(root, dir, 'package.json'), 'utf8'));
      // A package whose tests could not even start must not look like success.
      if (manifest.scripts?.test !== undefined) sum.failed += 1;
      continue;
    }
    const result = JSON.parse(readFileSync(file, 'utf8'));
    sum.passed += result.numPassedTests;
    sum.failed += result.numFailedTests;
    sum.skipped += result.numPendingTests + result.numTodoTests;
    // A file that fails to load has no failed test in it.
    sum.failed += result.testResults.filter(
      (f) => f.status === 'failed' && f.assertionResults.every((a) => a.status !== 'failed'),
    ).length;
  }
  return sum;
}
