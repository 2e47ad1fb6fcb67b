/** One file of the simulated disk: what is durable, what is visible, and every change between the two. */
import { SECTOR_BYTES } from '../record.js';
import type { CrashPolicy } from './faulty-file-system.js';

/** A write of bytes at an offset, or (without bytes) a change of the size. */
interface Change {
  readonly position: number;
  readonly bytes: Uint8Array | undefined;
}

export class SimulatedFile {
  #durable: Uint8Array = new Uint8Array(0);
  #content: Uint8Array = new Uint8Array(0);
  #pending: Change[] = [];
  /** Changes before those of `#pending`. */
  #settled = 0;

  /** What a reader sees. Borrowed. */
  get content(): Uint8Array {
    return this.#content;
  }

  write(bytes: Uint8Array, position: number): void {
    this.#apply({ position, bytes: bytes.slice() });
  }

  truncate(size: number): void {
    this.#apply({ position: size, bytes: undefined });
  }

  /** All changes so far: what a sync that begins now makes durable. */
  get changes(): number {
    return this.#settled + this.#pending.length;
  }

  /** Makes durable what had been changed when there were so many changes. */
  sync(upTo: number = this.changes): void {
    const count = Math.max(0, upTo - this.#settled);
    this.#durable = this.#pending.slice(0, count).reduce(changed, this.#durable);
    this.#settled += Math.min(count, this.#pending.length);
    this.#pending = this.#pending.slice(count);
  }

  /** A failed sync: the changes stay visible, are taken for clean, and never reach the disk. */
  dropUnsynced(): void {
    this.#settled = this.changes;
    this.#pending = [];
  }

  /** Changes durable and visible content alike, as a fault of the medium does. */
  edit(change: (content: Uint8Array) => void): void {
    this.sync();
    change(this.#durable);
    this.#content = this.#durable.slice();
  }

  /** The file as it is found after a crash. */
  afterCrash(policy: CrashPolicy, random: (below: number) => number): SimulatedFile {
    const survivor = new SimulatedFile();
    survivor.#durable = this.#survivingContent(policy, random);
    survivor.#content = survivor.#durable;
    return survivor;
  }

  #survivingContent(policy: CrashPolicy, random: (below: number) => number): Uint8Array {
    switch (policy) {
      case 'none':
        return this.#durable.slice();
      case 'all':
        return this.#content.slice();
      case 'prefix': {
        const whole = random(this.#pending.length + 1);
        const cut = this.#pending[whole];
        const kept = this.#pending.slice(0, whole);
        if (cut?.bytes !== undefined) {
          kept.push({
            position: cut.position,
            bytes: cut.bytes.subarray(0, random(cut.bytes.length + 1)),
          });
        }
        return kept.reduce(changed, this.#durable);
      }
      case 'sectors':
        return this.#randomSectors(random);
    }
  }

  /** Each sector has the content of some moment since the last sync, independently of the others. */
  #randomSectors(random: (below: number) => number): Uint8Array {
    const images = [this.#durable];
    for (const change of this.#pending)
      images.push(changed(images.at(-1) ?? this.#durable, change));
    const size = (images[random(images.length)] ?? this.#durable).length;
    const content = new Uint8Array(size);
    for (let at = 0; at < size; at += SECTOR_BYTES) {
      const image = images[random(images.length)] ?? this.#durable;
      content.set(image.subarray(at, Math.min(at + SECTOR_BYTES, size)), Math.min(at, size));
    }
    return content;
  }

  #apply(change: Change): void {
    this.#content = changed(this.#content, change);
    this.#pending.push(change);
  }
}

/** `content` after `change`; a new array only where the size changes, or always (images must not share). */
function changed(content: Uint8Array, change: Change): Uint8Array {
  const size =
    change.bytes === undefined
      ? change.position
      : Math.max(content.length, change.position + change.bytes.length);
  const result = new Uint8Array(size);
  result.set(content.subarray(0, size));
  if (change.bytes !== undefined) result.set(change.bytes, change.position);
  return result;
}
