/** Announced heads through `ws`: Node has a WebSocket of its own from version 22 on only. */

import WebSocket from 'ws';
import type { OpenBell } from './head-watch.js';

/** A lost connection is made again after so many milliseconds; polls go on meanwhile. */
const RETRY_MS = 1_000;

/** Subscribes to `newHeads` at a node's WebSocket URL, for as long as it is not closed. What comes wakes and proves nothing: it is never read. */
export const nodeBell: OpenBell = (url, ring) => {
  let isClosed = false;
  let socket: WebSocket;
  const connect = (): void => {
    if (isClosed) return;
    socket = new WebSocket(url);
    socket.on('open', () =>
      socket.send(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'eth_subscribe', params: ['newHeads'] })),
    );
    socket.on('message', ring);
    // What went wrong shows as a poll that fails as well, and is told there.
    socket.on('error', () => socket.terminate());
    socket.on('close', () => void setTimeout(connect, RETRY_MS).unref());
  };
  connect();
  return {
    close: () => {
      isClosed = true;
      socket.terminate();
    },
  };
};
