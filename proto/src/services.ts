/** All services of the client API, by subject. */
import { kvService } from './kv.js';
import { watchService } from './watch.js';
import { leaseService } from './lease.js';
import { clusterService } from './cluster.js';
import { maintenanceService } from './maintenance.js';
import { authService } from './auth.js';
import { lockService } from './lock.js';
import { electionService } from './election.js';
import { healthService } from './health.js';
import type { MethodDescriptor, ServiceDescriptor } from './method.js';

/** `services.kv.put.path` is `/etcdserverpb.KV/Put`. */
export const services: {
  readonly kv: typeof kvService;
  readonly watch: typeof watchService;
  readonly lease: typeof leaseService;
  readonly cluster: typeof clusterService;
  readonly maintenance: typeof maintenanceService;
  readonly auth: typeof authService;
  readonly lock: typeof lockService;
  readonly election: typeof electionService;
  readonly health: typeof healthService;
} = {
  kv: kvService,
  watch: watchService,
  lease: leaseService,
  cluster: clusterService,
  maintenance: maintenanceService,
  auth: authService,
  lock: lockService,
  election: electionService,
  health: healthService,
};

const all: readonly ServiceDescriptor[] = Object.values(services);

/** Every method of the client API by its path, for those who look calls up by name. */
export const methodsByPath: ReadonlyMap<string, MethodDescriptor> = new Map(
  all
    .flatMap((service) => Object.values(service))
    .map((descriptor) => [descriptor.path, descriptor]),
);
