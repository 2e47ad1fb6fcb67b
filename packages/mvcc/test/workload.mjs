// What log index i does to a store: the same for the child that is killed and for the model that judges.

const keys = Array.from({ length: 40 }, (_, i) => `key-${String(i).padStart(2, '0')}`);

/** A small deterministic mixer: the same number for the same inputs, on every run. */
function mix(a, b) {
  let x = Math.imul(a ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(b + 0x7f4a7c15, 0xc2b2ae35);
  x ^= x >>> 15;
  x = Math.imul(x, 0x2c1b3c6d);
  return (x ^ (x >>> 12)) >>> 0;
}

/** The operations of one entry, in order. */
export function operationsOf(index) {
  const count = mix(index, 0) % 4;
  return Array.from({ length: count }, (_, i) => {
    const key = keys[mix(index, 3 * i + 1) % keys.length];
    if (mix(index, 3 * i + 2) % 5 === 0) return { type: 'delete', key };
    const length = mix(index, 3 * i + 3) % 600;
    return { type: 'put', key, value: `${index}.${i}.`.padEnd(length, 'x') };
  });
}

/** The revision that entry `index` compacts at, given the revision then; undefined for most entries. */
export function compactionOf(index, revision) {
  return index % 40 === 0 && revision > 30 ? revision - 20 : undefined;
}
