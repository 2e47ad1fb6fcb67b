/** Middle, tail and scatter of measured values. */

/** Middle of the values; the mean of the two in the middle when their count is even; NaN without values. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = Math.floor(sorted.length / 2);
  const upper = sorted[half];
  if (upper === undefined) return Number.NaN;
  const lower = sorted[half - 1];
  return sorted.length % 2 === 1 || lower === undefined ? upper : (lower + upper) / 2;
}

/** The smallest value that at least `share` (0 to 1) of the values do not exceed; NaN without values. Sorts `values` in place. */
export function quantile(values: Float64Array, share: number): number {
  values.sort();
  const rank = Math.max(1, Math.ceil(share * values.length));
  return values[rank - 1] ?? Number.NaN;
}

/** How far the rounds lie apart: (largest - smallest) / median. */
export function spread(values: readonly number[]): number {
  return values.length < 2 ? 0 : (Math.max(...values) - Math.min(...values)) / median(values);
}
