/**
 * CRC-32C (Castagnoli), eight bytes at a time by tables (Kounavis and Berry, "Novel Table Lookup-Based Algorithms for
 * High-Performance CRC Generation", 2008). The checksum of records on disk and the base of HashKV.
 */

const polynomial = 0x82f63b78;

function makeTables(): readonly [
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
] {
  const first = new Int32Array(256);
  for (let i = 0; i < 256; i++) {
    let crc = i;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ polynomial : crc >>> 1;
    first[i] = crc;
  }
  const next = (previous: Int32Array): Int32Array =>
    previous.map((crc) => (crc >>> 8) ^ (first[crc & 255] ?? 0));
  const second = next(first);
  const third = next(second);
  const fourth = next(third);
  const fifth = next(fourth);
  const sixth = next(fifth);
  const seventh = next(sixth);
  return [first, second, third, fourth, fifth, sixth, seventh, next(seventh)];
}

const [t0, t1, t2, t3, t4, t5, t6, t7] = makeTables();

/** One table lookup. Indices are masked bytes, so the fallback is never taken; it satisfies the compiler at no cost. */
function at(table: Int32Array, byte: number): number {
  return table[byte & 255] ?? 0;
}

/**
 * The checksum of `bytes[start, end)`, unsigned. `seed` is the checksum of what came before: checksums of parts chain to
 * that of the whole.
 */
export function crc32c(bytes: Uint8Array, start = 0, end: number = bytes.length, seed = 0): number {
  let crc = ~seed;
  let i = start;
  for (; i + 8 <= end; i += 8) {
    crc ^=
      byte(bytes, i) |
      (byte(bytes, i + 1) << 8) |
      (byte(bytes, i + 2) << 16) |
      (byte(bytes, i + 3) << 24);
    crc =
      at(t7, crc) ^
      at(t6, crc >>> 8) ^
      at(t5, crc >>> 16) ^
      at(t4, crc >>> 24) ^
      at(t3, byte(bytes, i + 4)) ^
      at(t2, byte(bytes, i + 5)) ^
      at(t1, byte(bytes, i + 6)) ^
      at(t0, byte(bytes, i + 7));
  }
  for (; i < end; i++) crc = (crc >>> 8) ^ at(t0, crc ^ byte(bytes, i));
  return ~crc >>> 0;
}

function byte(bytes: Uint8Array, i: number): number {
  return bytes[i] ?? 0;
}
