/**
 * Goal: a test cluster answers as real processes do. Method: the same scripts as for the daemon, against a test cluster inside of this
 * process, by both ways to it; the transcripts must be those of etcd 3.7.1, or, where it is not at hand, those of our own daemon.
 */
import { describe, expect, test } from 'vitest';
import { findDifferences } from './expected-differences.js';
import { scripts } from './scripts/all.js';
import { Place, reference, transcriptOfDaemon, transcriptOfTestCluster } from './transcript-of.js';

const place = new Place(21456);

describe(`a test cluster answers as ${reference === undefined ? 'our daemon' : 'etcd 3.7.1'}`, () => {
  test.each(scripts.map((script) => [script.name, script] as const))(
    '%s',
    { timeout: 120_000 },
    async (name, script) => {
      const process = await transcriptOfDaemon(script, place, reference);
      for (const way of ['in process', 'on a socket'] as const) {
        const cluster = await transcriptOfTestCluster(script, place, way);
        expect({ way, differs: findDifferences(name, process, cluster).slice(0, 10) }).toEqual({
          way,
          differs: [],
        });
        expect(cluster).toHaveLength(process.length);
      }
    },
  );
});
