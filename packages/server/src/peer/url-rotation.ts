/** Which of a peer's addresses is used: one until it fails, then the next. */
import { invariant } from '../invariant.js';

export class UrlRotation {
  #urls: readonly string[];
  #at = 0;

  constructor(urls: readonly string[]) {
    this.#urls = withoutSlash(urls);
  }

  get count(): number {
    return this.#urls.length;
  }

  /** All of them, without a slash at the end. */
  get all(): readonly string[] {
    return this.#urls;
  }

  set(urls: readonly string[]): void {
    this.#urls = withoutSlash(urls);
    this.#at = 0;
  }

  /** Without a slash at the end. */
  current(): string {
    const url = this.#urls[this.#at];
    invariant(url !== undefined, 'a peer has an address');
    return url;
  }

  /** This address did not work. Tells nothing when another one is in use by now. */
  failed(url: string): void {
    if (this.#urls[this.#at] === url) this.#at = (this.#at + 1) % this.#urls.length;
  }
}

function withoutSlash(urls: readonly string[]): readonly string[] {
  invariant(urls.length > 0, 'a peer has an address');
  return urls.map((url) => url.replace(/\/+$/, ''));
}
