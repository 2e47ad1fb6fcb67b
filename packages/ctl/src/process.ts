/** Arguments and environment of this process, as bytes. */
import { fromText, type ByteString } from './bytes.js';
import type { Environment } from './context.js';

const replacement = '\ufffd';

/** The words after the script. Node has decoded them as UTF-8: where that lost bytes, the system still has them. */
export function processArguments(): readonly ByteString[] {
  const words = process.argv.slice(2);
  if (!words.some((word) => word.includes(replacement))) return words.map(fromText);
  return originalArguments(words.length) ?? words.map(fromText);
}

/** The last `count` arguments from the kernel; undefined where there is no procfs. */
function originalArguments(count: number): readonly ByteString[] | undefined {
  try {
    const { readFileSync } = process.getBuiltinModule('node:fs');
    const all = readFileSync('/proc/self/cmdline').toString('latin1').split('\0');
    all.pop(); // Each argument ends with a zero byte.
    return all.slice(-count);
  } catch {
    return undefined;
  }
}

export function processEnvironment(): Environment {
  const variables = new Map<string, ByteString>();
  for (const [name, value] of Object.entries(process.env)) {
    if (value !== undefined && name.startsWith('ETCDCTL_')) variables.set(name, fromText(value));
  }
  return variables;
}
