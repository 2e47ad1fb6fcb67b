/** What is held or registered, while the store fails now and then. Method: a store of the test that answers each call as it is told. */
import { expect, test } from 'vitest';
import { Held, KvError, Service, type RecipeClient } from '../../src/index.js';

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const broken = (): KvError =>
  new KvError('connectionLost', 'the connection broke', { outcome: 'unknown', grpcCode: 14 });
const refused = (): KvError =>
  new KvError('permissionDenied', 'etcdserver: permission denied', { outcome: 'definite' });

/** Answers in turn; an error is what the call rejects with. The last one stays. */
class Answers {
  readonly #answers: readonly unknown[];
  calls = 0;

  constructor(...answers: readonly unknown[]) {
    this.#answers = answers;
  }

  next(): Promise<unknown> {
    const answer = this.#answers[Math.min(this.calls, this.#answers.length - 1)];
    this.calls += 1;
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
  }
}

class FakeLease {
  readonly id = 7n;
  readonly end = new AbortController();
  readonly signal = this.end.signal;
  close(): Promise<void> {
    this.end.abort(new KvError('closed', 'closed', { outcome: 'definite' }));
    return Promise.resolve();
  }
}

interface Store {
  readonly get?: Answers;
  readonly transact?: Answers;
  readonly put?: Answers;
  /** The key is deleted as soon as somebody watches it. */
  readonly isStolen?: boolean;
  readonly leases?: FakeLease[];
}

function clientOf(store: Store): RecipeClient {
  const kv = {
    get: () => store.get?.next(),
    transact: () => store.transact?.next(),
    put: () => store.put?.next(),
    async *watch(_keys: unknown, { signal }: { readonly signal: AbortSignal }) {
      if (store.isStolen === true) yield { events: [{}] };
      await new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => {
          reject(signal.reason as Error);
        });
      });
    },
  };
  const lease = {
    session: () => {
      const session = new FakeLease();
      store.leases?.push(session);
      return Promise.resolve(session);
    },
  };
  // Pauses are over in the next turn.
  const clock = {
    monotonicMs: () => 0,
    after: (_delayMs: number, callback: () => void) => {
      const immediate = setImmediate(callback);
      return {
        cancel: () => {
          clearImmediate(immediate);
        },
      };
    },
  };
  return { kv, lease, raw: { clock, random: () => 0.5 } } as unknown as RecipeClient;
}

const held = (store: Store, lease = new FakeLease()): Held =>
  new Held(clientOf(store), { key: 'lock/7', lease, createRevision: 1 }, false);

test('H-L: whose key was deleted is told, also when the store can not be asked at first', async () => {
  const get = new Answers(broken(), broken(), { kvs: [], revision: 3 });
  const lock = held({ get, isStolen: true });
  await expect.poll(() => lock.signal.aborted).toBe(true);
  expect(lock.signal.reason).toMatchObject({ code: 'lost' });
  expect(get.calls).toBe(3);
});

test('R3: under a lease that lives on, a release whose answer was lost is sent again: others wait for it', async () => {
  const transact = new Answers(broken(), { succeeded: false, results: [] });
  await held({ transact }).release();
  expect(transact.calls).toBe(2);
});

test('a release ends with the lease, whether or not the store is there', async () => {
  const lease = new FakeLease();
  const releasing = held({ transact: new Answers(broken()) }, lease).release();
  await settled();
  await lease.close();
  await releasing;
});

test('a release that was refused may be asked for again', async () => {
  const transact = new Answers(refused(), { succeeded: true, results: [] });
  const lock = held({ transact });
  await expect(lock.release()).rejects.toMatchObject({ code: 'permissionDenied' });
  await lock.release();
  expect(transact.calls).toBe(2);
});

test('a registration that the store refuses later says so', async () => {
  const leases: FakeLease[] = [];
  const client = clientOf({ put: new Answers({}, refused()), leases });
  await using registration = await new Service(client, 'svc').register({ address: 'h:1' });
  leases[0]?.end.abort(new KvError('leaseLost', 'lost', { outcome: 'unknown' }));
  expect(await registration.refused).toMatchObject({ code: 'permissionDenied' });
});
