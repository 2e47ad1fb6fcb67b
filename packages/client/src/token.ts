/** The token of an authenticated client: fetched when first needed, renewed when refused; one request at a time. */
import type { AuthOptions } from './options.js';

/** Asks the server for a token; undefined when authentication is off there. */
export type Authenticate = (auth: AuthOptions, signal: AbortSignal) => Promise<string | undefined>;

/** With these the server refuses a token that a new one can replace. */
const renewable: ReadonlySet<string> = new Set([
  'etcdserver: invalid auth token',
  'etcdserver: revision of auth store is old',
  'etcdserver: user name is empty',
]);

export function isRenewable(details: string): boolean {
  return renewable.has(details);
}

export class TokenSource {
  readonly #auth: AuthOptions | undefined;
  readonly #authenticate: Authenticate;
  readonly #signal: AbortSignal;
  #token: string | undefined;
  #isFetched: boolean;
  #inFlight: Promise<void> | undefined;

  /** `fixed` is a token that is used as it is; `signal` ends everything. */
  constructor(
    auth: AuthOptions | undefined,
    fixed: string | undefined,
    authenticate: Authenticate,
    signal: AbortSignal,
  ) {
    // etcd's client does the same: without a password there is nothing to authenticate with.
    this.#auth = auth !== undefined && auth.user !== '' && auth.password !== '' ? auth : undefined;
    this.#token = fixed;
    this.#isFetched = this.#auth === undefined;
    this.#authenticate = authenticate;
    this.#signal = signal;
  }

  get canRenew(): boolean {
    return this.#auth !== undefined;
  }

  /** Whether there is nothing to wait for before `token` can be sent. */
  get isFetched(): boolean {
    return this.#isFetched;
  }

  /** The one that was fetched last; undefined where none is needed. */
  get token(): string | undefined {
    return this.#token;
  }

  /** The token to send now. Rejects as authentication does. */
  async current(): Promise<string | undefined> {
    if (!this.#isFetched) await this.renew(undefined);
    return this.#token;
  }

  /** Gets a new token instead of `refused`, unless somebody already has. Who stops waiting leaves it to the others. */
  async renew(refused: string | undefined): Promise<void> {
    if (this.#auth === undefined || (this.#isFetched && this.#token !== refused)) return;
    this.#inFlight ??= this.#fetch(this.#auth).finally(() => {
      this.#inFlight = undefined;
    });
    await this.#inFlight;
  }

  async #fetch(auth: AuthOptions): Promise<void> {
    this.#token = await this.#authenticate(auth, this.#signal);
    this.#isFetched = true;
  }
}
