/** Buckets of small rows over the backend: each row carries a checksum, and all rows together a digest. */
import { Buffer } from 'node:buffer';
import type { BucketName, BucketReader, BucketWriter } from './api.js';
import type { Backend } from './backend/backend.js';
import { crc32c } from './codec/crc32c.js';
import { readUint32, writeUint32 } from './codec/varint.js';
import { corruptError } from './errors.js';
import type { StoreState } from './store-state.js';

const checksumBytes = 4;
const scanRowsMax = 256;

/** Where a bucket takes backend and state from: both change hands when the store closes. */
export interface BucketOwner {
  readonly backend: Backend;
  readonly state: StoreState;
  /** Throws if the store cannot be used now. */
  guard(): void;
}

export class Bucket implements BucketReader {
  protected readonly owner: BucketOwner;
  protected readonly name: BucketName;
  private readonly nameChecksum: number;

  constructor(owner: BucketOwner, name: BucketName) {
    this.owner = owner;
    this.name = name;
    this.nameChecksum = crc32c(Buffer.from(`${name}\0`, 'latin1'));
  }

  get(key: Uint8Array): Uint8Array | undefined {
    this.owner.guard();
    const stored = this.owner.backend.readRow(this.name, key);
    return stored === undefined ? undefined : this.opened(key, stored);
  }

  *entries(): IterableIterator<readonly [key: Uint8Array, value: Uint8Array]> {
    let after: Uint8Array | undefined;
    for (;;) {
      this.owner.guard();
      const rows = this.owner.backend.scanRows(this.name, after, scanRowsMax);
      for (const row of rows) {
        yield [row.key, this.opened(row.key, row.value)];
        after = row.key;
      }
      if (rows.length < scanRowsMax) return;
    }
  }

  /** The checksum of a row as stored, after it was verified. */
  verifiedChecksum(key: Uint8Array, stored: Uint8Array): number {
    const valueEnd = stored.length - checksumBytes;
    const expected = valueEnd < 0 ? -1 : readUint32(stored, valueEnd);
    if (expected !== this.checksum(key, stored, valueEnd)) {
      const hex = Buffer.from(key).toString('hex');
      throw corruptError(
        this.owner.backend.name,
        `the checksum of row ${hex} of bucket ${this.name} does not match`,
      );
    }
    return expected;
  }

  protected seal(
    key: Uint8Array,
    value: Uint8Array,
  ): { readonly stored: Uint8Array; readonly checksum: number } {
    const stored = new Uint8Array(value.length + checksumBytes);
    stored.set(value);
    const checksum = this.checksum(key, value, value.length);
    writeUint32(stored, value.length, checksum);
    return { stored, checksum };
  }

  /** The value of a row as stored, after it was verified. */
  opened(key: Uint8Array, stored: Uint8Array): Uint8Array {
    this.verifiedChecksum(key, stored);
    return stored.subarray(0, stored.length - checksumBytes);
  }

  private checksum(key: Uint8Array, value: Uint8Array, valueEnd: number): number {
    const length = new Uint8Array(4);
    writeUint32(length, 0, key.length);
    return crc32c(
      value,
      0,
      valueEnd,
      crc32c(key, 0, key.length, crc32c(length, 0, 4, this.nameChecksum)),
    );
  }
}

/** The same inside a transaction. */
export class WritableBucket extends Bucket implements BucketWriter {
  private readonly fatal: (error: unknown) => never;

  /** `fatal` is told of every error and throws: the transaction cannot go on. */
  constructor(owner: BucketOwner, name: BucketName, fatal: (error: unknown) => never) {
    super(owner, name);
    this.fatal = fatal;
  }

  put(key: Uint8Array, value: Uint8Array): void {
    try {
      this.forget(key);
      const { stored, checksum } = this.seal(key, value);
      this.owner.backend.writeRow(this.name, key, stored);
      this.owner.state.rows.add(checksum);
    } catch (error) {
      this.fatal(error);
    }
  }

  delete(key: Uint8Array): void {
    try {
      if (this.forget(key)) this.owner.backend.deleteRow(this.name, key);
    } catch (error) {
      this.fatal(error);
    }
  }

  /** Takes the row out of the digest; false if there is none. */
  private forget(key: Uint8Array): boolean {
    this.owner.guard();
    const before = this.owner.backend.readRow(this.name, key);
    if (before === undefined) return false;
    this.owner.state.rows.remove(this.verifiedChecksum(key, before));
    return true;
  }
}
