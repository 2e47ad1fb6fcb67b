/** How requests come: connections x streams, which is requests in flight on each connection. */

export interface Shape {
  readonly connections: number;
  readonly streams: number;
}

const shape = (connections: number, streams: number): Shape => ({ connections, streams });

export const allShapes: readonly Shape[] = [
  shape(1, 1),
  shape(10, 1),
  shape(100, 1),
  shape(1000, 1),
  shape(10, 10),
  shape(100, 10),
  shape(10, 100),
];

/** The shapes of the comparison of clusters. */
export const clusterShapes: readonly Shape[] = [
  shape(1, 1),
  shape(100, 1),
  shape(100, 10),
  shape(10, 100),
];

export const inFlight = ({ connections, streams }: Shape): number => connections * streams;

export const shapeName = ({ connections, streams }: Shape): string =>
  `${String(connections)}x${String(streams)}`;

/** `10x100`; undefined for anything else. */
export function parseShape(text: string): Shape | undefined {
  const match = /^([1-9]\d{0,4})x([1-9]\d{0,4})$/.exec(text);
  return match === null ? undefined : shape(Number(match[1]), Number(match[2]));
}
