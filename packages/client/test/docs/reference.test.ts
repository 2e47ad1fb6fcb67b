/** The API reference can be built: every type that it names is in it, and no link leads nowhere (warnings are errors there). */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { packageDir } from './examples.js';

test('typedoc has nothing to complain of', { timeout: 120_000 }, async () => {
  const words = ['exec', 'typedoc', '--emit', 'none'];
  const { stdout, stderr } = await promisify(execFile)('pnpm', words, { cwd: packageDir });
  expect(`${stdout}${stderr}`).not.toContain('warning');
});
