// A participant without a browser, whose RTP and RTCP the test makes by hand, byte by byte: what it tells the server is
// known exactly.
//
//   const peer = await RtpPeer.join(janus, { room: 'r', user: 'u' });   // sends on one PeerConnection
//   peer.audio.sendMessageBinary(rtp({ … }));
//   const reports = await peer.receive();                               // and receives on the other
import { answerMedia, offerMedia } from './peer_connections.mjs';
import { isRtcp } from './rtp_packets.mjs';

export class RtpPeer {
  /** @param {import('./janus_client.mjs').JanusClient} janus */
  static async join(janus, { room, user }) {
    const peer = new RtpPeer();
    peer.janus = janus;
    peer.sending = await janus.attach();
    peer.joined = await peer.sending.ask({ request: 'join', room, user_id: user });
    const media = await offerMedia(user);
    const { jsep } = await peer.sending.ask({ request: 'negotiate', negotiation: 1 }, media.offer);
    await media.accept(jsep);
    peer.audio = media.audio;
    peer.video = media.video;
    return peer;
  }

  /** Takes the plugin's offer. The receiving tracks, by mid, each with the RTP and RTCP that came on it. */
  async receive() {
    this.receiving = await this.janus.attach();
    const { session_id, receive_token } = this.joined;
    const offer = await this.receiving.ask({ request: 'receive', session_id, receive_token });
    const lines = [];
    const media = await answerMedia(this.joined.user_id, offer.jsep, (track) => {
      const line = { mid: track.mid(), track, rtp: [], rtcp: [] };
      track.onMessage((packet) => (isRtcp(packet) ? line.rtcp : line.rtp).push({ at: performance.now(), packet: Buffer.from(packet) }));
      lines.push(line);
    });
    await this.receiving.ask({ request: 'answer', negotiation: offer.negotiation }, media.answer);
    await media.opened();
    return lines;
  }

  async leave() {
    return await this.sending.ask({ request: 'leave' });
  }
}
