/**
 * Goal: semaphores, barriers, queues, services and topics keep their promises when participants come, die and go. Method: several clients on
 * the real etcd and ours; a client that dies is one whose lease is revoked under it.
 */
import { describe, expect, test } from 'vitest';
import type { Client } from '../../src/index.js';
import { availableServers } from '../reference.js';
import { withServer } from '../with-server.js';

describe.each(availableServers())('recipes, on $name', (binary) => {
  let client: Client;
  withServer(binary, (started) => {
    ({ client } = started);
  });

  describe('semaphore', () => {
    test('never more owners than permits, and everybody gets one', async () => {
      const semaphore = client.semaphore('permits', 3);
      let owners = 0;
      let most = 0;
      const work = async (): Promise<void> => {
        await using permit = await semaphore.acquire();
        owners += 1;
        most = Math.max(most, owners);
        await permit.put(`work/${permit.token}`, '');
        owners -= 1;
      };
      await Promise.all(Array.from({ length: 12 }, work));
      expect(most).toBe(3);
      expect(await client.kv.count({ prefix: 'work/' })).toBe(12);
    });

    test('a dead owner makes room; another number of permits is refused', async () => {
      const semaphore = client.semaphore('room', 1);
      await using lease = await client.lease.session(10);
      const permit = await semaphore.acquire({ lease });
      await expect(semaphore.acquire({ timeoutMs: 50 })).rejects.toMatchObject({
        code: 'deadline',
      });
      await expect(client.semaphore('room', 2).acquire()).rejects.toMatchObject({ code: 'config' });
      const waiting = semaphore.acquire();
      await client.lease.revoke(lease.id);
      await using next = await waiting;
      await expect(permit.put('x', '')).rejects.toMatchObject({ code: 'lost' });
      expect(next.isHeld).toBe(true);
      expect(() => client.semaphore('room', 0)).toThrow(TypeError);
    });
  });

  describe('barrier', () => {
    test('opens for all who wait', async () => {
      const barrier = client.barrier('gate');
      await barrier.wait();
      expect(await barrier.hold()).toBe(true);
      expect(await barrier.hold()).toBe(false);
      await expect(barrier.wait({ timeoutMs: 50 })).rejects.toMatchObject({ code: 'deadline' });
      const waiting = Promise.all([barrier.wait(), barrier.wait()]);
      await barrier.release();
      await waiting;
    });

    test('a meeting begins and ends together, again and again; one too many is refused', async () => {
      const participants = await Promise.all(
        [0, 1, 2].map(async () => {
          const lease = await client.lease.session(10);
          return { lease, barrier: client.doubleBarrier('meeting', 3, lease) };
        }),
      );
      await using extra = await client.lease.session(10);
      for (let round = 0; round < 3; round++) {
        await Promise.all(participants.map(({ barrier }) => barrier.enter()));
        const tooMany = client.doubleBarrier('meeting', 3, extra).enter();
        await expect(tooMany).rejects.toMatchObject({ code: 'limit' });
        let left = 0;
        const [first, ...others] = participants.map(({ barrier }) => async () => {
          await barrier.leave();
          left += 1;
        });
        const leaving = first?.();
        await expect(client.kv.count({ prefix: 'meeting/ready' })).resolves.toBe(1);
        expect(left).toBe(0);
        await Promise.all([leaving, ...others.map((leave) => leave())]);
        expect(await client.kv.count({ prefix: 'meeting/' })).toBe(0);
      }
      for (const { lease } of participants) await lease.close();
    });
  });

  describe('queue', () => {
    test('first by priority, then by arrival; an id is added once', async () => {
      const queue = client.queue('ordered');
      for (const value of ['a', 'b', 'c']) await queue.add(value);
      await queue.add('last', { priority: 99_999 });
      await queue.add('first', { priority: 0, id: 'once' });
      expect(await queue.add('first again', { priority: 0, id: 'once' })).toBe(false);
      await expect(queue.add('x', { priority: 100_000 })).rejects.toThrow(TypeError);
      const taken: string[] = [];
      for await (const job of queue.consume()) {
        taken.push(job.text());
        await job.done();
        if (taken.length === 5) break;
      }
      expect(taken).toEqual(['first', 'a', 'b', 'c', 'last']);
      expect(await queue.size()).toBe(0);
      expect(await client.kv.count({ prefix: 'ordered/' })).toBe(0);
    });

    test('every item is done once, however many consumers', async () => {
      const queue = client.queue('shared');
      for (let i = 0; i < 40; i++) await queue.add(String(i));
      const done: number[] = [];
      const controller = new AbortController();
      const consume = async (): Promise<void> => {
        for await (const job of queue.consume({ signal: controller.signal })) {
          await job.done();
          done.push(Number(job.text()));
          if (done.length === 40) controller.abort(new Error('all done'));
        }
      };
      const ended = Array.from({ length: 4 }, () => expect(consume()).rejects.toThrow('all done'));
      await Promise.all(ended);
      expect(done.sort((a, b) => a - b)).toEqual(Array.from({ length: 40 }, (_, i) => i));
    });

    test('the item of a consumer that dies comes back, and it cannot be done twice', async () => {
      const queue = client.queue('comeback');
      await queue.add('work');
      await using lease = await client.lease.session(10);
      const first = await queue.take({ lease });
      await expect(queue.take({ timeoutMs: 50 })).rejects.toMatchObject({ code: 'deadline' });
      const waiting = queue.take();
      await client.lease.revoke(lease.id);
      const second = await waiting;
      expect(second.text()).toBe('work');
      await expect(first.done()).rejects.toMatchObject({ code: 'lost' });
      await second.done();
      expect(await queue.size()).toBe(0);
    });

    test('what was not declared done goes back when the next one is asked for', async () => {
      const queue = client.queue('goback');
      await queue.add('again');
      let seen = 0;
      for await (const job of queue.consume()) {
        seen += 1;
        if (seen === 1) continue;
        expect(job.text()).toBe('again');
        await job.done();
        break;
      }
      expect(await queue.size()).toBe(0);
    });

    test('a consumer waits for the first item', async () => {
      const queue = client.queue('empty');
      const waiting = queue.take();
      await queue.add('at last');
      await using job = await waiting;
      expect(job.text()).toBe('at last');
    });
  });

  describe('service', () => {
    test('instances come and go, and whoever watches sees the whole set', async () => {
      const service = client.service('payment');
      const controller = new AbortController();
      const watching = service.watch({ signal: controller.signal })[Symbol.asyncIterator]();
      const addresses = async (): Promise<string[]> => {
        const result = await watching.next();
        return result.done === true ? ['(end)'] : result.value.map(({ address }) => address);
      };
      expect(await addresses()).toEqual([]);
      const one = await service.register({ address: '10.0.0.1:80', metadata: { zone: 'a' } });
      expect(await addresses()).toEqual(['10.0.0.1:80']);
      await using two = await service.register({ address: '10.0.0.2:80', id: 'two' });
      expect(await addresses()).toEqual(['10.0.0.1:80', '10.0.0.2:80']);
      await two.update('10.0.0.3:80', { weight: 2 });
      expect(await addresses()).toEqual(['10.0.0.1:80', '10.0.0.3:80']);
      await one.close();
      expect(await addresses()).toEqual(['10.0.0.3:80']);
      expect(await service.resolve()).toEqual([
        { id: 'two', address: '10.0.0.3:80', metadata: { weight: 2 } },
      ]);
      controller.abort(new Error('enough'));
      await expect(watching.next()).rejects.toThrow('enough');
    });

    test('a registration whose lease is lost is made again', async () => {
      const service = client.service('phoenix');
      await using registration = await service.register({ address: 'a:1', ttlSeconds: 2 });
      const before = await client.kv.find(registration.key);
      await client.lease.revoke(before?.lease ?? 0n);
      for await (const set of service.watch()) if (set.length === 1) break;
      const after = await client.kv.find(registration.key);
      expect(after?.lease).not.toBe(before?.lease);
    });

    test('keys and values are those of etcd’s Go client; what is no endpoint is passed over', async () => {
      await client.kv.put('svc/theirs', '{"Op":0,"Addr":"1.2.3.4:5","Metadata":null}');
      await client.kv.put('svc/garbage', 'not json');
      await using ours = await client.service('svc').register({ address: 'h:1', id: 'ours' });
      expect(ours.key).toBe('svc/ours');
      const stored = await client.kv.find('svc/ours');
      expect(stored?.text()).toBe('{"Op":0,"Addr":"h:1","Metadata":null}');
      expect((await client.service('svc').resolve()).map(({ id }) => id)).toEqual([
        'ours',
        'theirs',
      ]);
    });
  });

  describe('topic', () => {
    test('every message, in order, from a revision or from now on', async () => {
      const topic = client.topic('news');
      const first = await topic.publish('1');
      for (const value of ['2', '3', '3']) await topic.publish(value);
      const seen: string[] = [];
      for await (const message of topic.subscribe({ fromRevision: first })) {
        seen.push(message.text());
        if (seen.length === 4) break;
      }
      expect(seen).toEqual(['1', '2', '3', '3']);
    });

    test('a durable subscription goes on after what was handled', async () => {
      const topic = client.topic('durable');
      const start = await topic.publish('1');
      for (const value of ['2', '3', '4']) await topic.publish(value);
      const take = async (count: number): Promise<string[]> => {
        const seen: string[] = [];
        const options = { subscriber: 'billing', fromRevision: start };
        for await (const message of topic.subscribe(options)) {
          seen.push(message.text());
          if (seen.length === count) break;
        }
        return seen;
      };
      expect(await take(2)).toEqual(['1', '2']);
      // The second was never said to be handled: the next message was not asked for.
      expect(await take(3)).toEqual(['2', '3', '4']);
    });

    test('who is overtaken by compaction is told, or goes on with what there is', async () => {
      const topic = client.topic('gap');
      const first = await topic.publish('1');
      const second = await topic.publish('2');
      await topic.publish('3');
      await client.kv.compact(second);
      const subscription = topic.subscribe({ fromRevision: first });
      await expect(subscription.next()).rejects.toMatchObject({ code: 'compacted' });
      const skipping = topic.subscribe({ fromRevision: first, onGap: 'skip' });
      const result = await skipping.next();
      expect(result.done === true ? undefined : result.value.text()).toBe('3');
      await skipping.return();
    });
  });
});
