/** Which versions of Node are refused. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { nodeProblem } from './node-version.js';

it.each(['20.20.2', '22.11.9', '18.0.0', '0.12.18'])(
  'Node %s is refused, with what to do',
  (version) => {
    expect(nodeProblem(version, '/usr/bin/node')).toMatch(
      `Node ${version} (/usr/bin/node) is too old: 22.12 or newer is needed`,
    );
  },
);

it.each(['22.12.0', '22.20.1', '24.0.0', '26.10.0'])('Node %s will do', (version) => {
  expect(nodeProblem(version, '/usr/bin/node')).toBeUndefined();
});

it('the bound is that of the package', () => {
  const { engines } = JSON.parse(
    readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
  ) as { readonly engines: { readonly node: string } };
  expect(engines.node).toBe('>=22.12');
});
