/** The files that the command itself reads: the configuration, and its own manifest. */
import { readFileSync } from 'node:fs';
import { systemText } from '@kv/server';

/** The text of a file, or why there is none, in the words of etcd. */
export function readFile(path: string): { readonly text: string } | { readonly error: string } {
  try {
    return { text: readFileSync(path, 'utf8') };
  } catch (error) {
    const operation =
      error instanceof Error && 'code' in error && error.code === 'EISDIR' ? 'read' : 'open';
    return { error: systemText(operation, path, error) };
  }
}

/** The version of this package. */
export function packageVersion(): string {
  const manifest: unknown = JSON.parse(
    readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
  );
  const known = typeof manifest === 'object' && manifest !== null && 'version' in manifest;
  return known && typeof manifest.version === 'string' ? manifest.version : 'unknown';
}
