/** Scenarios of configuration changes, one after the other. */
import { enterJoint, leaveJoint, simple, type ConfChangeProblem } from '../confchange/changer.js';
import { toConfState, type Configuration } from '../confchange/configuration.js';
import { Tracker } from '../tracker/tracker.js';
import { toIndex } from '../types.js';
import { describeConfiguration, describeProgress } from './describe.js';
import { parseChanges } from './parse-changes.js';
import type { Directive } from './script.js';

const problemTexts: Readonly<Record<ConfChangeProblem, string>> = {
  alreadyJoint: 'config is already joint',
  noVotersToJoin: "can't make a zero-voter config joint",
  notJoint: "can't leave a non-joint config",
  simpleInJoint: "can't apply simple config change in joint config",
  severalVoters: 'more than one voter changed without entering joint config',
  allVotersRemoved: 'removed all voters',
};

/** The configuration that a script builds up. */
export class ConfChangeRun {
  readonly #tracker = new Tracker({ inflightMessagesMax: 10, inflightBytesMax: Infinity });
  /** Each command stands for one more entry in the log. */
  #lastIndex = 0;

  run(directive: Directive): string {
    const lastIndex = toIndex(this.#lastIndex++);
    const result = this.#change(directive);
    if (typeof result === 'string') return problemTexts[result];
    this.#tracker.switchTo(result, lastIndex);
    const members = [...this.#tracker.members].map(
      ([id, progress]) => `${id.toString()}: ${describeProgress(progress.status())}\n`,
    );
    return `${describeConfiguration(toConfState(result))}\n${members.join('')}`;
  }

  #change({ command, args, input }: Directive): Configuration | ConfChangeProblem {
    const { config } = this.#tracker;
    const changes = parseChanges(input);
    switch (command) {
      case 'simple':
        return simple(config, changes);
      case 'enter-joint': {
        const autoLeave = args.some((one) => one.key === 'autoleave' && one.values[0] === 'true');
        return enterJoint(config, autoLeave, changes);
      }
      case 'leave-joint':
        return leaveJoint(config);
      default:
        throw new Error(`unknown command ${command}`);
    }
  }
}
