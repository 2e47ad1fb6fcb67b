/** Counting semaphores: so many owners at a time, in order of arrival. */
import { KvError } from '../errors.js';
import { patiently, type WaitLimits } from '../wait.js';
import { Held } from './held.js';
import { underLease, type LeaseOptions } from './lease-scope.js';
import { abandonPlace, lost, takePlace, untilChanged, type Place } from './place.js';
import type { RecipeClient } from './recipe-client.js';

/** `timeoutMs` is the longest wait for a permit, by default Infinity. */
export interface PermitOptions extends LeaseOptions, WaitLimits {}

/** A permit that is held. `release` it, or declare it with `await using`. */
export class Permit extends Held {}

export class Semaphore {
  readonly #client: RecipeClient;
  readonly name: string;
  readonly permits: number;

  /** All who use the semaphore must give the same number of permits. */
  constructor(client: RecipeClient, name: string, permits: number) {
    if (!Number.isSafeInteger(permits) || permits < 1) {
      throw new TypeError(`permits must be a whole number above 0, is ${permits}`);
    }
    this.#client = client;
    this.name = name;
    this.permits = permits;
  }

  /**
   * Waits for a permit. Rejects with `deadline`, the signal's reason, `lost` when its lease was lost in the wait, or `config` when somebody
   * uses the semaphore with another number of permits.
   */
  acquire(options: PermitOptions = {}): Promise<Permit> {
    const what = `a permit of "${this.name}" was not had`;
    return underLease(this.#client, options, what, async (lease, signal) => {
      const value = String(this.permits);
      const place = await takePlace(this.#client, this.name, lease, value, signal);
      try {
        while (
          !(await patiently(() => this.#isAmongFirst(place, signal), signal, this.#client.raw))
        );
      } catch (error) {
        if (options.lease !== undefined) await abandonPlace(this.#client, place);
        throw error;
      }
      return new Permit(this.#client, place, options.lease === undefined);
    });
  }

  /** Looks at those ahead; when they are too many, waits until one of the line leaves, and gives false. */
  async #isAmongFirst(place: Place, signal: AbortSignal): Promise<boolean> {
    const keys = { prefix: `${this.name}/` };
    const { kvs, revision } = await this.#client.kv.get(keys, {
      signal,
      sortBy: 'createRevision',
      order: 'ascending',
      maxCreateRevision: place.createRevision,
    });
    const other = kvs.find((kv) => kv.text() !== String(this.permits));
    if (other !== undefined) {
      const message = `semaphore "${this.name}" has ${other.text()} permits for ${other.keyText()}, not ${this.permits}`;
      throw new KvError('config', message, { outcome: 'definite' });
    }
    const at = kvs.findIndex((kv) => kv.createRevision === place.createRevision);
    if (at === -1) throw lost(`the place ${place.key}`);
    if (at < this.permits) return true;
    await untilChanged(this.#client, keys, { startRevision: revision + 1, only: 'delete', signal });
    return false;
  }
}
