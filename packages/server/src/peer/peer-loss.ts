/**
 * When a peer's process is gone, as far as the network can tell: no stream to or from it is left, and every one of its addresses
 * refuses a new connection. A refusal comes from the peer's own system, which says that nobody listens there.
 *
 * A firewall that rejects says the same, so nothing may depend on it for safety. A lost host or network says nothing: then there
 * are only timeouts, which do not count.
 */

export interface PeerLossParts {
  /** The addresses of the peer, as of now. */
  readonly urls: () => readonly string[];
  /** Whether there is a stream, either way. */
  readonly hasStreams: () => boolean;
  /** Told once after a stream was open. */
  readonly refused: () => void;
}

export class PeerLoss {
  readonly #parts: PeerLossParts;
  /** Addresses whose last dial was refused, since anything else was heard. */
  readonly #refused = new Set<string>();
  #wasReached = false;

  constructor(parts: PeerLossParts) {
    this.#parts = parts;
  }

  /** A stream was opened, to the peer or by it. */
  opened(): void {
    this.#wasReached = true;
    this.#refused.clear();
  }

  /** A stream has ended. That alone says nothing. */
  ended(): void {
    this.#check();
  }

  /** A dial of this address led to no stream. `error`: why, if the peer has not answered. */
  failed(url: string, error: Error | undefined): void {
    if (isRefusedDial(error)) this.#refused.add(url);
    else this.#refused.clear();
    this.#check();
  }

  #check(): void {
    const { urls, hasStreams, refused } = this.#parts;
    if (!this.#wasReached || hasStreams()) return;
    if (!urls().every((url) => this.#refused.has(url))) return;
    this.#wasReached = false;
    refused();
  }
}

/**
 * Whether connecting was refused at every address that the name stands for. The call is compared, too: a resolver that is not
 * reached has the same code.
 */
export function isRefusedDial(error: unknown): boolean {
  if (error instanceof AggregateError) {
    return error.errors.length > 0 && error.errors.every(isRefusedDial);
  }
  if (!(error instanceof Error)) return false;
  const { code, syscall }: NodeJS.ErrnoException = error;
  return code === 'ECONNREFUSED' && syscall === 'connect';
}
