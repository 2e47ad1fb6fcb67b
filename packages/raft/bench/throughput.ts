/**
 * How fast the node itself is: entries proposed, replicated, committed and handed out for application, with storage and
 * network that cost nothing. Run with `pnpm --filter @kv/raft bench`.
 *
 * Not measured: encoding, sync, sockets, and what an application does with the entries.
 */
import { performance } from 'node:perf_hooks';
import { stdout } from 'node:process';
import {
  EMPTY_CONF_STATE,
  MemoryStorage,
  RawNode,
  toIndex,
  toNodeId,
  type ConfState,
} from '@kv/raft';

const payload = new Uint8Array(300);

class Group {
  readonly nodes: RawNode[] = [];
  readonly #storages: MemoryStorage[] = [];

  constructor(size: number) {
    const voters = Array.from({ length: size }, (_, at) => toNodeId(BigInt(at + 1)));
    const confState: ConfState = { ...EMPTY_CONF_STATE, voters };
    for (const id of voters) {
      const storage = new MemoryStorage();
      storage.setConfState(confState);
      this.#storages.push(storage);
      this.nodes.push(new RawNode({ id }, storage, () => 0));
    }
    this.nodes[0]?.campaign();
    this.settle();
  }

  settle(): void {
    for (let busy = true; busy;) {
      busy = false;
      this.nodes.forEach((node, at) => {
        if (!node.hasReady()) return;
        busy = true;
        this.#handle(node, at);
      });
    }
  }

  #handle(node: RawNode, at: number): void {
    const ready = node.ready();
    const storage = this.#storages[at];
    if (ready.hardState !== undefined) storage?.setHardState(ready.hardState);
    storage?.append(ready.entries);
    node.advance();
    const applied = node.applied;
    if (storage !== undefined && applied > storage.firstIndex() + 20_000) {
      storage.releaseUpTo(toIndex(applied - 5_000));
    }
    for (const message of [...ready.messages, ...ready.messagesAfterAppend]) {
      this.nodes[Number(message.to) - 1]?.step(message);
    }
  }
}

/** Entries per second, over at least a second after as long a warm-up. */
function measure(group: Group, batch: number): number {
  const data = new Array<Uint8Array>(batch).fill(payload);
  const runFor = (ms: number): { readonly entries: number; readonly ms: number } => {
    const start = performance.now();
    let entries = 0;
    for (let now = start; now < start + ms; now = performance.now()) {
      group.nodes[0]?.propose(data);
      group.settle();
      entries += batch;
    }
    return { entries, ms: performance.now() - start };
  };
  runFor(500);
  const { entries, ms } = runFor(1000);
  return (entries / ms) * 1000;
}

stdout.write('members  batch  entries/s\n');
for (const size of [1, 3]) {
  for (const batch of [1, 100, 2000]) {
    const rate = Math.round(measure(new Group(size), batch));
    stdout.write(`${String(size).padStart(7)}  ${String(batch).padStart(5)}  ${rate}\n`);
  }
}
