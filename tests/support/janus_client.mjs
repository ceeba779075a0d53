// A client of the Janus API over a WebSocket, without media: for requests that no browser is needed for. The messages of
// a handle go out one after the other, each after the acknowledgement of the one before.
import { EventEmitter } from 'node:events';

const kAnswerTimeoutMs = 10_000;
const kKeepaliveMs = 2000;

export class JanusClient {
  #socket;
  #pending = new Map();
  #handles = new Map();
  #counter = 0;
  #keepalive;
  #token;

  /** `token`: for a Janus that wants one with each request. */
  static async connect(url, { token } = {}) {
    const client = new JanusClient();
    client.#token = token;
    client.#socket = new WebSocket(url, 'janus-protocol');
    client.#socket.onmessage = ({ data }) => client.#receive(JSON.parse(data));
    await new Promise((resolve, reject) => {
      client.#socket.onopen = resolve;
      client.#socket.onerror = () => reject(new Error(`no connection to ${url}`));
    });
    client.id = (await client.transact({ janus: 'create' })).data.id;
    client.#keepalive = setInterval(() => client.transact({ janus: 'keepalive' }).catch(() => undefined), kKeepaliveMs);
    client.#keepalive.unref();
    return client;
  }

  async attach(plugin = 'janus.plugin.callroom') {
    const { data } = await this.transact({ janus: 'attach', plugin });
    const handle = new Handle(this, data.id);
    this.#handles.set(data.id, handle);
    return handle;
  }

  /** Janus's first answer to a request: success, ack, or the error as an exception. */
  async transact(request) {
    return (await this.begin(request)).first;
  }

  /** Sends a request; resolves with Janus's first answer and a promise of the plugin's event, if there comes one. */
  begin(request) {
    const transaction = `t${++this.#counter}`;
    const envelope = { ...request, transaction, ...(this.id && { session_id: this.id }), ...(this.#token && { token: this.#token }) };
    return new Promise((resolve, reject) => {
      const entry = { resolve, reject };
      entry.event = new Promise((done, failed) => {
        entry.eventDone = done;
        entry.timer = setTimeout(() => {
          this.#pending.delete(transaction);
          const error = new Error(`no answer to ${JSON.stringify(request).slice(0, 200)}`);
          reject(error);
          failed(error);
        }, kAnswerTimeoutMs);
        entry.timer.unref();
      });
      entry.event.catch(() => undefined);
      this.#pending.set(transaction, entry);
      this.#socket.send(JSON.stringify(envelope));
    });
  }

  /** Ends the session properly. */
  async destroy() {
    await this.transact({ janus: 'destroy' });
    this.close();
  }

  /** Closes the connection and says nothing. */
  close() {
    clearInterval(this.#keepalive);
    for (const { timer } of this.#pending.values()) clearTimeout(timer);
    this.#socket.close();
  }

  #receive(message) {
    const entry = this.#pending.get(message.transaction);
    if (entry && message.janus === 'event') {
      clearTimeout(entry.timer);
      this.#pending.delete(message.transaction);
      entry.resolve({ first: { janus: 'ack' }, event: entry.event }); // it can overtake the acknowledgement
      entry.eventDone(message);
    } else if (entry && message.janus === 'error') {
      clearTimeout(entry.timer);
      this.#pending.delete(message.transaction);
      entry.reject(Object.assign(new Error(message.error.reason), { code: message.error.code }));
    } else if (entry) {
      if (message.janus !== 'ack') {
        clearTimeout(entry.timer);
        this.#pending.delete(message.transaction);
      }
      entry.resolve({ first: message, event: entry.event });
    } else if (message.sender !== undefined) {
      this.#handles.get(message.sender)?.receive(message);
    }
  }
}

class Handle extends EventEmitter {
  #queue = Promise.resolve();
  /** Events that answered no request, in order. */
  events = [];

  constructor(client, id) {
    super();
    this.client = client;
    this.id = id;
  }

  /** The plugin's answer to a request, errors included: { callroom: "error", error_code, error }. */
  async ask(body, jsep) {
    const { first, event } = await this.#inOrder(body, jsep);
    const answer = first.janus === 'ack' ? await event : first;
    return answer.jsep ? { ...answer.plugindata.data, jsep: answer.jsep } : answer.plugindata.data;
  }

  /** Sends a request whose answer nobody waits for; resolves when Janus has taken it. */
  async tell(body, jsep) {
    await this.#inOrder(body, jsep);
  }

  async trickle(candidate) {
    await this.client.transact({ janus: 'trickle', handle_id: this.id, candidate });
  }

  async detach() {
    await this.client.transact({ janus: 'detach', handle_id: this.id });
  }

  /** Resolves with the next event of this kind, or one that came already and was not waited for. */
  async next(kind, timeoutMs = kAnswerTimeoutMs) {
    const wanted = (event) => event.callroom === kind || event.janus === kind;
    const deadline = AbortSignal.timeout(timeoutMs);
    for (;;) {
      const at = this.events.findIndex(wanted);
      if (at >= 0) return this.events.splice(at, 1)[0];
      if (deadline.aborted) throw new Error(`no ${kind} within ${timeoutMs} ms; there were ${JSON.stringify(this.events)}`);
      await new Promise((resolve) => {
        const done = () => {
          this.off('event', done);
          deadline.removeEventListener('abort', done);
          resolve();
        };
        this.on('event', done);
        deadline.addEventListener('abort', done);
      });
    }
  }

  receive(message) {
    const data = message.plugindata?.data ?? message;
    this.events.push(message.jsep ? { ...data, jsep: message.jsep } : data);
    this.emit('event');
  }

  #inOrder(body, jsep) {
    const request = { janus: 'message', handle_id: this.id, body, ...(jsep ? { jsep } : {}) };
    const sent = this.#queue.then(() => this.client.begin(request));
    this.#queue = sent.catch(() => undefined);
    return sent;
  }
}
