/** Tells a service manager that the daemon is ready (daemon.md §17). Node has no datagram sockets in the file system, so a helper does. */
import { execFile } from 'node:child_process';
import type { Logger } from '@kv/server';

export function notifyServiceManager(socketPath: string | undefined, logger: Logger): void {
  logger.log('info', 'notifying init daemon');
  if (socketPath === undefined || socketPath === '') {
    logger.log('info', 'successfully notified init daemon');
    return;
  }
  const env = { PATH: process.env['PATH'], NOTIFY_SOCKET: socketPath };
  execFile('systemd-notify', ['--ready', `--pid=${process.pid.toString()}`], { env }, (error) => {
    if (error === null) logger.log('info', 'successfully notified init daemon');
    else logger.log('error', 'failed to notify systemd for readiness', { error });
  });
}
