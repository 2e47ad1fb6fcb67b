/** Versions as text: `3.7.0` for a cluster, `3.7` for people, and what people may write. */

/** What may follow a full version and is not looked at: a pre-release, metadata. */
const VERSION = /^(\d+)\.(\d+)(?:\.\d+(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?)?$/;

/** `3.6` and `3.6.9` give `3.6.0`; undefined for what is no version (observed 14). */
export function parseClusterVersion(text: string): string | undefined {
  const [, major, minor] = VERSION.exec(text) ?? [];
  if (major === undefined || minor === undefined) return undefined;
  return `${Number(major)}.${Number(minor)}.0`;
}

/** The only version that a cluster may be lowered to: `3.6.0` for `3.7.0`. */
export function downgradeTargetOf(clusterVersion: string): string {
  const [major, minor] = numbersOf(clusterVersion);
  return `${major}.${minor - 1}.0`;
}

/** `3.7` for `3.7.0`. */
export function shortVersion(clusterVersion: string): string {
  return clusterVersion.split('.').slice(0, 2).join('.');
}

/** `3.6.0` is below `3.7.0`; the major version never changes by itself. */
export function isBelow(version: string, other: string): boolean {
  const [major, minor] = numbersOf(version);
  const [otherMajor, otherMinor] = numbersOf(other);
  return major === otherMajor && minor < otherMinor;
}

function numbersOf(version: string): readonly [number, number] {
  const [major = '', minor = ''] = version.split('.');
  return [Number(major), Number(minor)];
}
