/** Elections: candidates stand in line, the first is the leader, and everybody can follow who it is. */
import type { Bytes } from '../data.js';
import type { KeyValue } from '../key-value.js';
import type { CallSettings } from '../raw.js';
import { patiently, type WaitLimits } from '../wait.js';
import { Held } from './held.js';
import { underLease, type LeaseOptions } from './lease-scope.js';
import { abandonPlace, takePlace, untilChanged, waitForTurn, type Place } from './place.js';
import type { RecipeClient } from './recipe-client.js';

/** `timeoutMs` is the longest wait for the lead, by default Infinity. */
export interface CampaignOptions extends LeaseOptions, WaitLimits {}

/** Who leads, since when, and what it proclaims. */
export interface Leader {
  readonly key: string;
  /** The leader's fencing token. */
  readonly token: number;
  /** What it proclaims. */
  readonly value: Uint8Array;
  /** Of the proclamation. */
  readonly revision: number;
}

/** The lead of an election, while it is held. `resign` (or `release`, or `await using`) gives it up. */
export class Leadership extends Held {
  readonly #lease: Place['lease'];

  /** @internal */
  constructor(client: RecipeClient, place: Place, ownsLease: boolean) {
    super(client, place, ownsLease);
    this.#lease = place.lease;
  }

  /** Tells all who observe something new. Rejects with `lost` when somebody else may lead by now. */
  async proclaim(value: Bytes, settings: CallSettings = {}): Promise<void> {
    await this.put(this.key, value, { ...settings, lease: this.#lease });
  }

  resign(): Promise<void> {
    return this.release();
  }
}

export class Election {
  readonly #client: RecipeClient;
  readonly name: string;

  constructor(client: RecipeClient, name: string) {
    this.#client = client;
    this.name = name;
  }

  /** Waits until elected, proclaiming `value`. Rejects with `deadline`, the signal's reason, or `lost` when its lease was lost in the wait. */
  campaign(value: Bytes, options: CampaignOptions = {}): Promise<Leadership> {
    const what = `election "${this.name}" was not won`;
    return underLease(this.#client, options, what, async (lease, signal) => {
      const place = await takePlace(this.#client, this.name, lease, value, signal);
      try {
        await waitForTurn(this.#client, this.name, place, signal);
      } catch (error) {
        if (options.lease !== undefined) await abandonPlace(this.#client, place);
        throw error;
      }
      return new Leadership(this.#client, place, options.lease === undefined);
    });
  }

  /**
   * Terms of office, one after the other: campaigns, yields the lead, and campaigns again when the body of the loop is done with it. Leaving the loop
   * resigns. Work until `signal` of the term aborts, then go on to the next.
   */
  async *terms(
    value: Bytes,
    options: CampaignOptions = {},
  ): AsyncGenerator<Leadership, void, undefined> {
    for (;;) {
      await using term = await this.campaign(value, options);
      yield term;
    }
  }

  /** Who leads now; undefined when nobody does. */
  async leader(settings: CallSettings = {}): Promise<Leader | undefined> {
    return (await this.#look(settings)).leader;
  }

  /** The leader, and then each change: another leader, or another proclamation; undefined while there is none. Ends with the signal or the loop. */
  async *observe(
    options: { readonly signal?: AbortSignal } = {},
  ): AsyncGenerator<Leader | undefined, void, undefined> {
    const signal = options.signal ?? new AbortController().signal;
    let told: Leader | undefined | null = null;
    for (;;) {
      const { leader, revision } = await patiently(
        () => this.#look({ signal }),
        signal,
        this.#client.raw,
      );
      if (told === null || told?.revision !== leader?.revision) yield leader;
      told = leader;
      await patiently(
        () => this.#untilChange(leader, revision + 1, signal),
        signal,
        this.#client.raw,
      );
    }
  }

  async #look(settings: CallSettings): Promise<{ leader: Leader | undefined; revision: number }> {
    const { kvs, revision } = await this.#client.kv.get(
      { prefix: `${this.name}/` },
      { ...settings, limit: 1, sortBy: 'createRevision', order: 'ascending' },
    );
    const [first] = kvs;
    return { leader: first === undefined ? undefined : leaderOf(first), revision };
  }

  /** Until the leader's key changes, or somebody stands where nobody did. */
  async #untilChange(
    leader: Leader | undefined,
    startRevision: number,
    signal: AbortSignal,
  ): Promise<void> {
    const keys = leader?.key ?? { prefix: `${this.name}/` };
    await untilChanged(this.#client, keys, { startRevision, signal });
  }
}

function leaderOf(kv: KeyValue): Leader {
  return {
    key: kv.keyText(),
    token: kv.createRevision,
    value: kv.value,
    revision: kv.modRevision,
  };
}
