/** What listeners of members answer while there is no member yet: at once, so that nobody who asks around has to wait for it. */
import type { RequestListener } from 'node:http';

export class LateRoutes {
  #routes: RequestListener = (_, response) => {
    response.statusCode = 503;
    response.setHeader('Content-Type', 'text/plain; charset=utf-8');
    response.end('this member is not ready\n');
  };

  readonly listener: RequestListener = (request, response) => {
    this.#routes(request, response);
  };

  set(routes: RequestListener): void {
    this.#routes = routes;
  }
}
