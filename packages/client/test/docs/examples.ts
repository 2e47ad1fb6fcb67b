/** The examples of the documents: each block of TypeScript, and what it prints by the block of text that follows it. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const packageDir: string = fileURLToPath(new URL('../../', import.meta.url));

export interface Example {
  /** Of the document, and the example's place in it: `README-1`. */
  readonly name: string;
  readonly code: string;
  readonly prints: string | undefined;
}

const documents = (): readonly string[] => [
  'README.md',
  ...readdirSync(`${packageDir}docs/recipes`)
    .sort()
    .map((name) => `docs/recipes/${name}`),
];

/** All examples, as they stand in the documents. */
export function readExamples(): readonly Example[] {
  return documents().flatMap((path) => {
    const text = readFileSync(`${packageDir}${path}`, 'utf8');
    const blocks = text.matchAll(/^```ts\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?/gms);
    return [...blocks].map(([, code = '', prints], i) => ({
      name: `${path.replace(/^.*\/|\.md$/g, '')}-${i + 1}`,
      code,
      prints,
    }));
  });
}

/** The example with `endpoint` in place of the one that it names. */
export function at(endpoint: string, code: string): string {
  return code.replaceAll('127.0.0.1:2379', endpoint);
}
