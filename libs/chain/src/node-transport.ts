/** JSON-RPC through node:http: a fifth of what fetch costs, which counts for processes that ask every chain five times a second. */

import { Agent as HttpAgent, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { Transport } from './rpc.js';

const agents = {
  http: new HttpAgent({ keepAlive: true }),
  https: new HttpsAgent({ keepAlive: true }),
};

export const nodeTransport: Transport = (url, body, timeoutMs) =>
  new Promise((resolve, reject) => {
    const isHttps = url.startsWith('https:');
    const call = (isHttps ? httpsRequest : httpRequest)(
      url,
      {
        method: 'POST',
        agent: isHttps ? agents.https : agents.http,
        headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
      },
      (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('error', reject);
        response.on('end', () => {
          clearTimeout(timer);
          const status = response.statusCode ?? 0;
          if (status < 200 || status > 299) return reject(new Error(`HTTP ${status}`));
          try {
            resolve(JSON.parse(Buffer.concat(parts).toString('utf8')));
          } catch (error) {
            reject(error as Error);
          }
        });
      },
    );
    // A plain timer: the garbage of one AbortSignal per call costs more than the call.
    const timer = setTimeout(() => call.destroy(new NoAnswer(timeoutMs)), timeoutMs);
    call.on('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    call.end(body);
  });

/** Named as fetch names it: after some of these a node is left alone. */
class NoAnswer extends Error {
  override readonly name = 'TimeoutError';

  constructor(timeoutMs: number) {
    super(`no answer in ${timeoutMs} ms`);
  }
}
