/** Which Node runs this, and whether it may: the database driver ends older ones with a segmentation fault, without a word. */

/** As in `engines` of package.json. */
const MAJOR_MIN = 22;
const MINOR_MIN = 12;

/** What is wrong with a version as `process.versions.node` says it, and what to do; undefined if it will do. */
export function nodeProblem(version: string, path: string): string | undefined {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > MAJOR_MIN || (major === MAJOR_MIN && minor >= MINOR_MIN)) return undefined;
  return (
    `etcd: Node ${version} (${path}) is too old: ${String(MAJOR_MIN)}.${String(MINOR_MIN)} or newer is needed. ` +
    `Install it, or put it first on PATH\n`
  );
}
