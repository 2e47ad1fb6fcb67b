// Applies log entries to the store at argv[2] for ever, batch by batch, and reports each committed and each durable
// index on stdout, until it is killed. Runs on the built package: a process of its own has no test runner.
import { writeSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { TextEncoder } from 'node:util';
import { MvccStore, SqliteBackend } from '../dist/index.js';
import { compactionOf, operationsOf } from './workload.mjs';

const report = (line) => writeSync(1, `${line}\n`);
const text = new TextEncoder();
const store = await MvccStore.open(await SqliteBackend.open(process.argv[2]), {
  limits: { compactionRecordsMax: 50, commitBatchesMax: 4 },
});
let index = store.consistentIndex.index;
report(`open ${index}`);

function applyEntry(txn) {
  index++;
  txn.beginRequest();
  for (const operation of operationsOf(index)) {
    if (operation.type === 'put') txn.put(operation.key, text.encode(operation.value), 0n);
    else txn.deleteRange({ type: 'single', key: operation.key });
  }
  const { revision } = txn.endRequest();
  const compaction = compactionOf(index, revision);
  if (compaction !== undefined) txn.compact(compaction);
  txn.bucket('lease').put(text.encode('last'), text.encode(`${index}`));
}

for (let batch = 1; ; batch++) {
  const txn = store.begin();
  for (let i = 0; i <= batch % 7; i++) applyEntry(txn);
  txn.setConsistentIndex({ index, term: 1 });
  txn.end();
  report(`committed ${index}`);
  if (batch % 3 === 0) store.compactSlice();
  if (batch % 11 === 0) store.reclaimSlice();
  if (batch % 20 === 0) {
    void store.checkpoint().then((durable) => report(`durable ${durable.index}`));
  }
  if (batch % 5 === 0) await nextTurn();
  await store.gate();
}
