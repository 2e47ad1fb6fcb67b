/** Short answers that refuse, as Go's http.Error writes them: members of both kinds compare the text. */
import type { ServerResponse } from 'node:http';

export function refuse(response: ServerResponse, status: number, text: string): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  response.statusCode = status;
  response.setHeader('Content-Type', 'text/plain; charset=utf-8');
  response.setHeader('X-Content-Type-Options', 'nosniff');
  response.end(`${text}\n`);
}

export function refuseMethod(response: ServerResponse, allowed: 'GET' | 'POST'): void {
  response.setHeader('Allow', allowed);
  refuse(response, 405, 'Method Not Allowed');
}
