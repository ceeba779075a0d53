import type { Transport } from '../../src/room-client/transport';

type Message = Record<string, unknown> & { transaction: string; janus: string };

/** Janus's end of a connection, driven by a test. */
export class FakeJanus {
  readonly received: Message[] = [];
  connections = 0;
  refuse = false;
  private transport: Transport | undefined;

  readonly connect = async (): Promise<Transport> => {
    if (this.refuse) throw new Error('refused');
    this.connections++;
    const transport: Transport = {
      send: (text) => this.take(JSON.parse(text) as Message),
      close: () => {},
      onMessage: () => {},
      onClose: () => {},
    };
    this.transport = transport;
    return transport;
  };

  /** Answers create, attach and claim at once; everything else waits for the test. */
  private take(message: Message): void {
    this.received.push(message);
    const { transaction, janus } = message;
    if (janus === 'create') this.say({ janus: 'success', transaction, data: { id: 11 } });
    else if (janus === 'attach') this.say({ janus: 'success', transaction, data: { id: 22 } });
    else if (janus === 'claim') this.say({ janus: 'success', transaction, session_id: 11 });
  }

  say(message: object): void {
    this.transport?.onMessage(JSON.stringify(message));
  }

  drop(): void {
    this.transport?.onClose('gone');
  }

  messages(): Message[] {
    return this.received.filter(({ janus }) => janus === 'message');
  }
}

/** Lets everything that waits on resolved promises run. */
export const settle = () => new Promise((resolve) => setTimeout(resolve, 0));
