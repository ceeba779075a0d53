import { withContent } from './content';
import type { JanusHandle } from './janus_handle';
import type { LocalTracks, Publication } from './local_tracks';
import { OfferLoop } from './offer_loop';
import { deferred } from './promises';
import { Senders } from './senders';

/**
 * The PeerConnection that carries what this client sends through Janus. This side alone offers on it, one offer at a time; changes
 * made while one is out go into the next.
 */
export class SendingLeg {
  readonly connection: RTCPeerConnection;
  private readonly senders: Senders;
  private readonly loop: OfferLoop;
  private readonly stopListening: () => void;
  private negotiation = 0;

  constructor(
    private readonly handle: JanusHandle,
    local: LocalTracks,
    configuration: RTCConfiguration,
    encodings?: (publication: Publication) => RTCRtpEncodingParameters[] | undefined,
  ) {
    this.connection = new RTCPeerConnection({ ...configuration, bundlePolicy: 'max-bundle' });
    this.senders = new Senders(this.connection, local, 'sendonly', encodings);
    this.loop = new OfferLoop(() => this.offer());
    this.stopListening = local.on('changed', () => void this.update().catch(() => undefined));
    this.connection.onicecandidate = ({ candidate }) => void handle.trickle(candidate).catch(() => undefined);
  }

  /** Offers what is published now; resolves when an answer to that is in place. */
  async update(): Promise<void> {
    if (this.connection.signalingState !== 'closed') await this.loop.request();
  }

  /** A new way to Janus for the same media. */
  async restart(): Promise<void> {
    this.connection.restartIce();
    await this.update();
  }

  /** Sender statistics and the like, per publication. */
  sender(publication: Publication): RTCRtpSender | undefined {
    return this.senders.sender(publication);
  }

  close(): void {
    this.stopListening();
    this.senders.close();
    this.loop.stop();
    this.connection.close();
  }

  private async offer(): Promise<void> {
    await this.senders.update();
    if (this.connection.getTransceivers().length === 0) return;
    await this.connection.setLocalDescription(await this.connection.createOffer());
    const negotiation = ++this.negotiation;
    const lines = this.senders.lines;
    const sources = new Map(lines.map(({ mid, publication }) => [mid, publication.source]));
    const sdp = withContent(this.connection.localDescription?.sdp ?? '', sources);
    const { data, jsep } = await this.handle.send({ request: 'negotiate', negotiation }, { type: 'offer', sdp });
    if (data.negotiation !== negotiation || !jsep) throw new Error('The answer belongs to no offer of ours.');
    await this.connection.setRemoteDescription(jsep);
  }
}

/** Resolves when the connection is up; rejects when it failed or was closed first. */
export function connected(connection: RTCPeerConnection): Promise<void> {
  const done = deferred<void>();
  const look = () => {
    const state = connection.connectionState;
    if (state === 'connected') done.resolve();
    else if (state === 'failed' || state === 'closed') done.reject(new Error(`The connection is ${state}.`));
  };
  connection.addEventListener('connectionstatechange', look);
  look();
  return done.promise.finally(() => connection.removeEventListener('connectionstatechange', look));
}
