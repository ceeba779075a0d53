import { TransportError } from './errors';

/** A connection that carries Janus's messages, as text, both ways and in order. */
export interface Transport {
  send(text: string): void;
  close(): void;
  onMessage: (text: string) => void;
  /** Called once, when the connection is gone for whatever reason but close(). */
  onClose: (reason: string) => void;
}

/** Opens a connection, or rejects. */
export type Connect = () => Promise<Transport>;

const kOpenTimeoutMs = 8000;

/** Janus's WebSocket transport at `url`; a path alone is taken to be on the page's own host. */
export function webSocket(url: string): Connect {
  return () =>
    new Promise((resolve, reject) => {
      const socket = new WebSocket(absolute(url), 'janus-protocol');
      const timer = setTimeout(() => socket.close(), kOpenTimeoutMs);
      let open = false;
      const transport: Transport = {
        send: (text) => socket.send(text),
        close: () => {
          transport.onClose = () => {};
          socket.close();
        },
        onMessage: () => {},
        onClose: () => {},
      };
      socket.onopen = () => {
        clearTimeout(timer);
        open = true;
        resolve(transport);
      };
      socket.onmessage = (event) => transport.onMessage(String(event.data));
      socket.onclose = (event) => {
        clearTimeout(timer);
        if (open) transport.onClose(event.reason || `closed (${event.code})`);
        else reject(new TransportError('The call server cannot be reached.'));
      };
    });
}

function absolute(url: string): string {
  if (/^wss?:/.test(url)) return url;
  const base = new URL(url, location.href);
  base.protocol = base.protocol === 'https:' ? 'wss:' : 'ws:';
  return base.href;
}
