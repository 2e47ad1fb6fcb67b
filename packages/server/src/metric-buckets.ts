/** Bucket bounds of histograms: powers of two times the first (metrics.md §2). */

/** `count` bounds, each twice the one before: B1 is (0.001, 14), B2 (0.0001, 20), B3 (0.0001, 16). */
export function secondsBuckets(first: number, count: number): readonly number[] {
  // Multiplying by powers of two is exact, so 0.001 * 8 is written 0.008.
  return Array.from({ length: count }, (_, n) => first * 2 ** n);
}
