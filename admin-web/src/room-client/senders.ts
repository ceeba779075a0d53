import type { LocalTracks, Publication } from './local_tracks';

/**
 * Brings a PeerConnection's senders in line with what is published. Transceivers are reused: addTrack alone never takes one that has
 * sent before, and the m-lines of a long call would only grow.
 */
export class Senders {
  private readonly inUse = new Map<string, RTCRtpTransceiver>();
  private readonly person = new MediaStream();
  private readonly screen = new MediaStream();
  private readonly stopListening: () => void;

  constructor(
    private readonly connection: RTCPeerConnection,
    private readonly local: LocalTracks,
    /** sendonly on a connection that only sends, sendrecv between peers. */
    private readonly direction: 'sendonly' | 'sendrecv',
    private readonly encodings: (publication: Publication) => RTCRtpEncodingParameters[] | undefined = () => undefined,
  ) {
    this.stopListening = local.on('replaced', (publication) => this.put(publication));
  }

  close(): void {
    this.stopListening();
  }

  /** Adds, reuses and idles transceivers; what that changes takes effect with the next offer or answer. */
  async update(): Promise<void> {
    const wanted = new Set(this.local.all.map((publication) => publication.id));
    for (const [id, transceiver] of this.inUse) {
      if (wanted.has(id)) continue;
      this.inUse.delete(id);
      await transceiver.sender.replaceTrack(null);
      transceiver.direction = this.direction === 'sendonly' ? 'inactive' : 'recvonly';
    }
    for (const publication of this.local.all) {
      if (!this.inUse.has(publication.id)) await this.start(publication);
    }
  }

  /** The publication on an m-line, by its mid. */
  at(mid: string): Publication | undefined {
    for (const publication of this.local.all) {
      if (this.inUse.get(publication.id)?.mid === mid) return publication;
    }
    return undefined;
  }

  /** mid and publication of every m-line that sends. */
  get lines(): { mid: string; publication: Publication }[] {
    return this.local.all.flatMap((publication) => {
      const mid = this.inUse.get(publication.id)?.mid;
      return mid ? [{ mid, publication }] : [];
    });
  }

  sender(publication: Publication): RTCRtpSender | undefined {
    return this.inUse.get(publication.id)?.sender;
  }

  private async start(publication: Publication): Promise<void> {
    const free = this.connection.getTransceivers().find((transceiver) => this.fits(transceiver, publication));
    if (free) {
      this.inUse.set(publication.id, free);
      free.direction = this.direction;
      await free.sender.replaceTrack(outgoing(publication));
      return;
    }
    const transceiver = this.direction === 'sendonly' ? this.addSending(publication) : this.addBothWays(publication);
    this.inUse.set(publication.id, transceiver);
    await transceiver.sender.replaceTrack(outgoing(publication));
  }

  private addSending(publication: Publication): RTCRtpTransceiver {
    const init: RTCRtpTransceiverInit = { direction: 'sendonly', streams: [this.stream(publication)] };
    const sendEncodings = this.encodings(publication);
    if (sendEncodings) init.sendEncodings = sendEncodings;
    return this.connection.addTransceiver(publication.kind, init);
  }

  /** By addTrack: only what it made may share an m-line with an offer of the other side (RFC 8829, section 5.10). */
  private addBothWays(publication: Publication): RTCRtpTransceiver {
    const sender = this.connection.addTrack(publication.track, this.stream(publication));
    const transceiver = this.connection.getTransceivers().find((candidate) => candidate.sender === sender);
    if (!transceiver) throw new Error('A sender without a transceiver.');
    return transceiver;
  }

  /** A person's camera and microphone are played in step, and so are a screen and its sound. */
  private stream({ source }: Publication): MediaStream {
    return source === 'screen' || source === 'screen_audio' ? this.screen : this.person;
  }

  private fits(transceiver: RTCRtpTransceiver, publication: Publication): boolean {
    return (
      transceiver.receiver.track.kind === publication.kind &&
      transceiver.direction !== 'stopped' &&
      transceiver.sender.track === null &&
      ![...this.inUse.values()].includes(transceiver)
    );
  }

  private put(publication: Publication): void {
    void this.inUse.get(publication.id)?.sender.replaceTrack(outgoing(publication));
  }
}

/** A muted camera sends nothing, so that it costs nobody anything; a muted microphone goes on, to keep the way open. */
const outgoing = (publication: Publication) =>
  publication.muted && publication.kind === 'video' ? null : publication.track;
