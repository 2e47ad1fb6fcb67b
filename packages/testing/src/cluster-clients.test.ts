/** Goal: a cluster that serves a thousand tests does not grow by their clients. Method: a clock that counts who may want time to pass. */
import { expect, test } from 'vitest';
import { VirtualClock } from './clock/virtual-clock.js';
import { ClusterClients } from './cluster-clients.js';
import { Door } from './transport/door.js';

class CountingClock extends VirtualClock {
  driverCount = 0;

  override drive(wants: () => boolean): () => void {
    const end = super.drive(wants);
    this.driverCount += 1;
    return () => {
      this.driverCount -= 1;
      end();
    };
  }
}

test('clients that are closed are forgotten when the next one opens', async () => {
  const clock = new CountingClock();
  const member = { name: 'm1', door: new Door('m1', 'm1:2379') };
  const clients = new ClusterClients(clock, [member] as never, true);
  for (let n = 0; n < 100; n++) await (await clients.open({})).close();
  expect(clock.driverCount).toBe(1);
  await clients.close();
  expect(clock.driverCount).toBe(0);
});
