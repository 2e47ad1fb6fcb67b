/** One run: the suites in their order, each on servers of its own; what fails is noted and the rest goes on. */
import { join } from 'node:path';
import type { Comparison } from './comparison.js';
import type { LoadGenerator } from './generators.js';
import { isChosen } from './options.js';
import type { Options } from './options.js';
import { root } from './reference.js';
import type { Reference } from './reference.js';
import { compare } from './rounds.js';
import type { Setting, Workload } from './rounds.js';
import { Side } from './side.js';
import { compareDisturbances } from './suites/disturbance.js';
import { checkDurability } from './suites/durability.js';
import { shapeWorkloads } from './suites/shapes.js';
import { compareStores } from './suites/store.js';
import { toolWorkloads } from './suites/tool.js';
import { compareWatchers } from './suites/watchers.js';

export interface RunOptions {
  readonly options: Options;
  readonly reference: Reference;
  readonly generator: LoadGenerator;
  /** Whether h2load is there: the suites that look into its log need it. */
  readonly h2load: boolean;
  readonly say: (line: string) => void;
}

/** Ports that one side takes at most: two for each of three members, with room. */
const portsPerSide = 8;

export class Run {
  readonly rows: Comparison[] = [];
  /** Facts for the head of the report. */
  readonly notes: string[] = [];
  /** Workloads without a result, and why. */
  readonly problems: string[] = [];
  readonly #context: RunOptions;
  readonly #sides = new Set<Side>();
  #abandoned = false;

  constructor(context: RunOptions) {
    this.#context = context;
  }

  /** Whether `abandon` was called: what is under way fails, and nothing new begins. */
  isAbandoned(): boolean {
    return this.#abandoned;
  }

  /** Ends every server and removes its data. */
  async abandon(): Promise<void> {
    this.#abandoned = true;
    this.problems.push('the run was interrupted: workloads are missing');
    await Promise.allSettled([...this.#sides].map((side) => side[Symbol.asyncDispose]()));
  }

  async all(): Promise<void> {
    const { options, reference, generator } = this.#context;
    const { shapes, members } = options;
    if (members === 1) await this.#durability();
    await this.#workloads(
      shapeWorkloads(shapes, generator, members).filter((w) => isChosen(options, 'shapes', w.name)),
    );
    if (members > 1) return;
    await this.#workloads(
      toolWorkloads(reference.benchmark).filter((w) => isChosen(options, 'tool', w.name)),
    );
    await this.#disturbances();
    await this.#watchers();
    await this.#store();
  }

  #open(): { readonly ours: Side; readonly theirs: Side } {
    const { options, reference } = this.#context;
    const { members, firstPort } = options;
    const sides = {
      ours: new Side({ name: 'ours', executable: join(root, 'bin', 'etcd'), members, firstPort }),
      theirs: new Side({
        name: 'etcd',
        executable: reference.etcd,
        members,
        firstPort: firstPort + portsPerSide,
      }),
    };
    this.#sides.add(sides.ours).add(sides.theirs);
    return sides;
  }

  /** Runs what needs both sides running and empty. */
  async #onBoth(what: string, run: (setting: Setting) => Promise<void>): Promise<void> {
    await this.#guarded(what, async () => {
      const { rounds, seconds } = this.#context.options;
      const { ours, theirs } = this.#open();
      await using _ours = ours;
      await using _theirs = theirs;
      await ours.start();
      await theirs.start();
      await run({ ours, theirs, rounds, seconds, say: this.#context.say });
    });
  }

  async #guarded(what: string, run: () => Promise<void>): Promise<void> {
    if (this.isAbandoned()) return;
    try {
      await run();
    } catch (error) {
      // What fails because its servers were ended has said so once.
      if (this.isAbandoned()) return;
      const problem = `${what}: ${error instanceof Error ? error.message : String(error)}`;
      this.problems.push(problem);
      this.#context.say(problem);
    }
  }

  async #workloads(workloads: readonly Workload[]): Promise<void> {
    if (workloads.length === 0) return;
    await this.#onBoth('starting both sides', async (setting) => {
      for (const workload of workloads) {
        await this.#guarded(workload.name, async () => {
          this.rows.push(await compare(workload, setting));
        });
      }
    });
  }

  async #durability(): Promise<void> {
    if (!isChosen(this.#context.options, 'durability') || !this.#hasH2load('durability')) return;
    await this.#onBoth('durability', async (setting) => {
      this.notes.push(await checkDurability(setting));
    });
  }

  async #disturbances(): Promise<void> {
    if (!isChosen(this.#context.options, 'disturbance') || !this.#hasH2load('disturbance')) return;
    await this.#onBoth('disturbance', async (setting) => {
      this.rows.push(...(await compareDisturbances(setting)));
    });
  }

  async #watchers(): Promise<void> {
    if (!isChosen(this.#context.options, 'watchers')) return;
    await this.#onBoth('watchers', async (setting) => {
      this.rows.push(...(await compareWatchers(setting, this.#context.generator)));
    });
  }

  async #store(): Promise<void> {
    const { options, say } = this.#context;
    if (!isChosen(options, 'store')) return;
    await this.#guarded('big store', async () => {
      this.rows.push(...(await compareStores(() => this.#open(), options, say)));
    });
  }

  #hasH2load(suite: string): boolean {
    if (!this.#context.h2load) this.notes.push(`${suite}: not measured, h2load is not installed`);
    return this.#context.h2load;
  }
}
