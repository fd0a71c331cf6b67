/** Listens for heads that a node announces over its WebSocket URL (`eth_subscribe`, newHeads), with the platform's own WebSocket. */

import type { OpenBell } from './head-watch.js';

/** Milliseconds before a lost connection is made again; polls go on meanwhile. */
const retryMs = 1_000;

const subscribeToHeads = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'eth_subscribe', params: ['newHeads'] });

/** Subscribes to `newHeads` at a node's WebSocket URL, for as long as it is not closed. An announcement only wakes the poll; its content is never read. */
export const headBell: OpenBell = (url, ring) => {
  let socket: WebSocket;
  let retry: ReturnType<typeof setTimeout> | undefined;
  let isClosed = false;
  const connect = (): void => {
    const opened = new WebSocket(url);
    opened.addEventListener('open', () => opened.send(subscribeToHeads));
    opened.addEventListener('message', ring);
    // No report here: a node that is away makes the poll fail as well, and the poll reports why.
    opened.addEventListener('close', () => {
      if (!isClosed) retry = setTimeout(connect, retryMs);
    });
    socket = opened;
  };
  connect();
  return {
    close: () => {
      isClosed = true;
      clearTimeout(retry);
      socket.close();
    },
  };
};
