/** Bucket bounds of histograms: powers of two times the first (metrics.md §2). */

/**
 * `count` bounds, each twice the one before. In seconds, B1 is (0.001, 14), B2 (0.0001, 20), B3 (0.0001, 16), B5 (0.1, 13), B6 (0.01, 15),
 * B7 (0.01, 17), B11 (1, 24); in milliseconds, B9 is (1, 13) and B10 (100, 14).
 */
export function doublingBuckets(first: number, count: number): readonly number[] {
  // Multiplying by powers of two is exact, so 0.001 * 8 is written 0.008.
  return Array.from({ length: count }, (_, n) => first * 2 ** n);
}
