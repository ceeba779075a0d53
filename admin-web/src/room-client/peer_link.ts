import { CollisionRules } from './collision_rules';
import { sourcesOf, withContent } from './content';
import type { LocalTracks } from './local_tracks';
import { deferred, delay, SerialQueue } from './promises';
import type { Kind, Source, WireDescription } from './protocol';
import { Senders } from './senders';

type Candidate = RTCIceCandidateInit | null;

export interface OutgoingSignal {
  negotiation: number;
  description?: WireDescription;
  candidates?: Candidate[];
}

export interface IncomingSignal {
  negotiation: number;
  description?: WireDescription;
  candidate?: Candidate;
}

export interface PeerTrack {
  mid: string;
  kind: Kind;
  source: Source;
  track: MediaStreamTrack;
}

/** How long a connection may be broken before its ICE is restarted; the polite side gives the other one a head start. */
const kRestartAfterMs = { impolite: 1500, polite: 4000 };

/** The first candidate of a first offer comes within milliseconds, unless there is no network, or TURN alone. */
const kFirstCandidateMs = 500;

const kMostCandidatesAtOnce = 32;

/**
 * The PeerConnection to one other participant of a p2p room: perfect negotiation over the room's `signal` requests. A participant
 * who comes back has a new id, and gets a new link.
 */
export class PeerLink {
  readonly connection: RTCPeerConnection;
  onTracks: (tracks: PeerTrack[]) => void = () => {};
  onFailure: (error: unknown) => void = () => {};

  private readonly rules: CollisionRules;
  private readonly senders: Senders;
  private readonly incoming = new SerialQueue();
  private readonly outgoing = new SerialQueue();
  private readonly stopListening: () => void;
  private sources = new Map<string, Source>();
  private described = 0;
  private offering: Promise<unknown> = Promise.resolve();
  private readonly gathered = deferred<void>();
  private untold: Candidate[] | undefined; // candidates that are to be sent, in one message
  private restartTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    configuration: RTCConfiguration,
    local: LocalTracks,
    private readonly polite: boolean,
    yields: boolean,
    private readonly send: (signal: OutgoingSignal) => Promise<void>,
  ) {
    this.rules = new CollisionRules(yields);
    const connection = new RTCPeerConnection({ ...configuration, bundlePolicy: 'max-bundle' });
    this.connection = connection;
    this.senders = new Senders(connection, local, 'sendrecv');
    this.stopListening = local.on('changed', () => void this.publish());
    connection.onnegotiationneeded = () => this.offer();
    connection.onsignalingstatechange = () => this.settleDebt();
    connection.ontrack = () => this.tellTracks();
    connection.oniceconnectionstatechange = () => this.watch();
    connection.onicecandidate = ({ candidate }) => {
      this.gathered.resolve();
      this.dispatchCandidate(candidate?.toJSON() ?? null);
    };
  }

  /** Brings what is sent in line with what is published; the offer follows by itself. */
  async publish(): Promise<void> {
    if (this.connection.signalingState === 'closed') return;
    await this.senders.update().catch(this.onFailure);
  }

  restart(): void {
    if (this.connection.signalingState !== 'closed') this.connection.restartIce();
  }

  /** Messages of the other side, in the order they came. */
  receive(signal: IncomingSignal): void {
    void this.incoming.run(() => this.take(signal)).catch((error) => this.onFailure(error));
  }

  /** The room dropped an offer of ours: give it up if the browser will not do so by itself. */
  glare(negotiation: number): void {
    void this.incoming.run(async () => {
      if (!this.rules.mustRollBack(negotiation, this.connection.signalingState)) return;
      this.rules.beginRollback(); // the browser asks for another offer before the rollback is done
      await this.firstOfferGathers();
      if (this.connection.signalingState === 'closed') return;
      await this.connection.setLocalDescription({ type: 'rollback' });
    });
  }

  /** The room asks for another offer, as a change was lost. */
  offerAgain(): void {
    this.rules.askedToOffer();
    this.settleDebt();
  }

  /** Everything anew after messages may have been lost. */
  resume(): void {
    this.rules.askedToOffer();
    if (this.connection.signalingState === 'have-local-offer') this.offer();
    else this.settleDebt();
  }

  /** Media goes on as long as the connection lasts, and so do mutes; but nothing is negotiated any more. */
  retire(): void {
    clearTimeout(this.restartTimer);
    const { connection } = this;
    connection.onnegotiationneeded = connection.onsignalingstatechange = null;
    connection.oniceconnectionstatechange = connection.onicecandidate = null;
  }

  close(): void {
    clearTimeout(this.restartTimer);
    this.stopListening();
    this.senders.close();
    this.connection.onsignalingstatechange = null;
    this.connection.close();
  }

  private offer(): void {
    this.offering = Promise.all([this.offering, this.makeOffer()]);
  }

  private async makeOffer(): Promise<void> {
    const { connection, rules } = this;
    if (connection.signalingState === 'closed' || !rules.mayOffer()) return;
    let offer: RTCSessionDescriptionInit;
    try {
      rules.beginOffer();
      // Said outright: a bare setLocalDescription() that waits behind an offer of the other side would answer that one.
      offer = await connection.createOffer();
      await connection.setLocalDescription(offer);
    } catch {
      rules.offerFailed(); // overtaken by an offer of the other side: what is owed follows once that is answered
      return;
    }
    this.described = rules.offerSet();
    this.describe(this.described, offer);
  }

  private async take({ negotiation, description, candidate }: IncomingSignal): Promise<void> {
    if (this.connection.signalingState === 'closed') return;
    if (description?.type === 'offer') await this.takeOffer(negotiation, description);
    else if (description?.type === 'answer') await this.takeAnswer(negotiation, description);
    else if (candidate !== undefined) await this.takeCandidate(candidate);
  }

  private async takeOffer(negotiation: number, offer: WireDescription): Promise<void> {
    const { connection, rules } = this;
    if (rules.incomingOffer(connection.signalingState) === 'ignore') return;
    await this.firstOfferGathers();
    if (connection.signalingState === 'closed') return;
    await connection.setRemoteDescription(offer); // rolls an offer of ours back
    rules.incomingOfferApplied();
    this.sources = sourcesOf(offer.sdp);
    await this.senders.update(); // what was published meanwhile may fit the m-lines offered
    const answer = await connection.createAnswer();
    await connection.setLocalDescription(answer);
    this.described = negotiation;
    this.describe(negotiation, answer);
    this.tellTracks();
  }

  /**
   * Before a rollback. Where a first offer is rolled back in the moment in which its gathering begins, Chromium (156) never gathers
   * another candidate on that connection, not even after an ICE restart.
   */
  private async firstOfferGathers(): Promise<void> {
    const { connection } = this;
    if (connection.currentLocalDescription) return;
    await this.offering;
    if (connection.signalingState !== 'have-local-offer') return;
    await Promise.race([this.gathered.promise, delay(kFirstCandidateMs)]);
  }

  private async takeAnswer(negotiation: number, answer: WireDescription): Promise<void> {
    if (this.rules.incomingAnswer(negotiation, this.connection.signalingState) === 'ignore') return;
    try {
      await this.connection.setRemoteDescription(answer);
    } finally {
      this.rules.answerSettled();
    }
    this.sources = sourcesOf(answer.sdp);
    this.tellTracks();
    this.settleDebt();
  }

  private async takeCandidate(candidate: RTCIceCandidateInit | null): Promise<void> {
    try {
      await this.connection.addIceCandidate(candidate ?? undefined);
    } catch (error) {
      if (!this.rules.ignoresCandidateErrors) throw error;
    }
  }

  private describe(negotiation: number, description: RTCSessionDescriptionInit): void {
    const sources = new Map(this.senders.lines.map(({ mid, publication }) => [mid, publication.source]));
    const sdp = withContent(description.sdp ?? '', sources);
    this.dispatch({ negotiation, description: { type: description.type as 'offer' | 'answer', sdp } });
  }

  private dispatch(signal: OutgoingSignal): void {
    this.untold = undefined;
    void this.outgoing.run(() => this.send(signal)).catch((error) => this.onFailure(error));
  }

  /** Those that come while something else is on its way go together: on a long way each would cost a round trip. */
  private dispatchCandidate(candidate: Candidate): void {
    const { untold } = this;
    if (untold && untold.length < kMostCandidatesAtOnce) return void untold.push(candidate);
    const candidates = [candidate];
    const negotiation = this.described;
    const tell = () => {
      if (this.untold === candidates) this.untold = undefined;
      return this.send({ negotiation, candidates });
    };
    void this.outgoing.run(tell).catch((error) => this.onFailure(error));
    this.untold = candidates;
  }

  private settleDebt(): void {
    if (this.rules.owesOffer(this.connection.signalingState)) this.offer();
  }

  private tellTracks(): void {
    const tracks = this.connection.getTransceivers().flatMap(({ mid, currentDirection, receiver: { track } }) => {
      if (mid === null || (currentDirection !== 'sendrecv' && currentDirection !== 'recvonly')) return [];
      const kind = track.kind as Kind;
      return [{ mid, kind, source: this.sources.get(mid) ?? (kind === 'audio' ? 'microphone' : 'camera'), track }];
    });
    this.onTracks(tracks as PeerTrack[]);
  }

  private watch(): void {
    const state = this.connection.iceConnectionState;
    clearTimeout(this.restartTimer);
    if (state !== 'disconnected' && state !== 'failed') return;
    const wait = this.polite ? kRestartAfterMs.polite : kRestartAfterMs.impolite;
    this.restartTimer = setTimeout(() => this.restart(), state === 'failed' && !this.polite ? 0 : wait);
  }
}
