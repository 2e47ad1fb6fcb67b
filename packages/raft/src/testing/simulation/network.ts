/** Messages under way as bytes: late, out of order, twice, or never. They outlive the members that sent them. */
import { decodeMessage, encodeMessage } from '../../codec/message.js';
import type { Message } from '../../message.js';
import type { NodeId } from '../../types.js';
import type { Chance } from './chance.js';
import type { Faults } from './options.js';

interface Parcel {
  readonly due: number;
  readonly from: NodeId;
  readonly to: NodeId;
  readonly bytes: Uint8Array;
}

export class Network {
  readonly #chance: Chance;
  readonly #faults: Faults;
  #parcels: Parcel[] = [];
  /** Directed pairs that do not hear each other, as `from>to`. */
  readonly #cut = new Set<string>();
  #calm = false;

  constructor(chance: Chance, faults: Faults) {
    this.#chance = chance;
    this.#faults = faults;
  }

  /** From now on everything arrives, soon and once. */
  calm(): void {
    this.#calm = true;
    this.#cut.clear();
  }

  /** Cuts a group of members off from the rest, in both directions or in one. */
  partition(all: readonly NodeId[]): void {
    const inside = all.filter(() => this.#chance.oneIn(2));
    const oneWay = this.#chance.oneIn(3);
    for (const a of inside) {
      for (const b of all) {
        if (inside.includes(b)) continue;
        this.#cut.add(`${a.toString()}>${b.toString()}`);
        if (!oneWay) this.#cut.add(`${b.toString()}>${a.toString()}`);
      }
    }
  }

  heal(): void {
    this.#cut.clear();
  }

  /** Returns whether the message is under way; false when it is lost. */
  send(now: number, message: Message): boolean {
    const { dropOneIn, duplicateOneIn, delayRoundsMax } = this.#faults;
    const lost = !this.#calm && this.#chance.oneIn(dropOneIn);
    if (lost || this.#cut.has(`${message.from.toString()}>${message.to.toString()}`)) return false;
    const copies = !this.#calm && this.#chance.oneIn(duplicateOneIn) ? 2 : 1;
    for (let copy = 0; copy < copies; copy += 1) {
      const delay = this.#calm ? 1 : 1 + this.#chance.below(delayRoundsMax);
      const { from, to } = message;
      this.#parcels.push({ due: now + delay, from, to, bytes: encodeMessage(message) });
    }
    return true;
  }

  /** What arrives by now. */
  receive(now: number): Message[] {
    const due = this.#parcels.filter((parcel) => parcel.due <= now);
    this.#parcels = this.#parcels.filter((parcel) => parcel.due > now);
    return due.map((parcel) => decodeMessage(parcel.bytes));
  }
}
