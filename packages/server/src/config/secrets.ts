/** Keeps secrets that were given as flags or variables out of the log. */
import { flagByName, type FlagSpec } from './flags/flag-spec.js';

const HIDDEN = '***';

/** The value of a setting, as a log may have it. */
export const shown = (flag: FlagSpec, value: string): string =>
  flag.isSecret === true && value !== '' ? HIDDEN : value;

/** The words of a command line, as a log may have them: both `--flag=secret` and `--flag secret`. */
export function withoutSecrets(words: readonly string[]): readonly string[] {
  return words.map((word, at) => {
    const [, dashesAndName = '', name = '', value] =
      /^(--?([^=-][^=]*))(?:=(.*))?$/s.exec(word) ?? [];
    const flag = flagByName.get(name);
    if (flag !== undefined && value !== undefined) return `${dashesAndName}=${shown(flag, value)}`;
    const before = /^--?([^=-][^=]*)$/.exec(words[at - 1] ?? '')?.[1];
    return flagByName.get(before ?? '')?.isSecret === true ? HIDDEN : word;
  });
}
