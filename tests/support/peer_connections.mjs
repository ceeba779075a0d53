// PeerConnections without a browser: node-datachannel does ICE, DTLS and SRTP, and each packet of RTP and RTCP is made by
// hand. One that offers audio and video to send, and one that takes an offer.
import nodeDataChannel from 'node-datachannel';
import { until } from './stack.mjs';

export const kAudioSsrc = 0x1111;
export const kVideoSsrc = 0x2222;
export const kOpus = 111;
export const kVp8 = 96;

// Held until the end: a track of node-datachannel that is collected while its connection lives leaves callbacks and a list
// entry that point to where it was, and the next packet or cleanup() crashes the process.
const connections = [];
const tracks = [];

/**
 * What sends: m-lines 0 (audio) and 1 (video), and the offer of them.
 * @param {{ audio?: string[], video?: string[] }} [more] further lines of the m-lines' descriptions
 */
export async function offerMedia(name, more = {}) {
  const connection = open(`${name}-sends`);
  const audio = new nodeDataChannel.Audio('0', 'SendOnly');
  audio.addOpusCodec(kOpus);
  audio.addSSRC(kAudioSsrc, name, name, 'audio');
  for (const line of more.audio ?? []) audio.parseSdpLine(line);
  const video = new nodeDataChannel.Video('1', 'SendOnly');
  video.addVP8Codec(kVp8);
  video.addSSRC(kVideoSsrc, name, name, 'video');
  for (const line of more.video ?? []) video.parseSdpLine(line);
  const sending = { audio: connection.addTrack(audio), video: connection.addTrack(video) };
  tracks.push(sending.audio, sending.video);
  connection.setLocalDescription();
  sending.offer = await described(connection);
  /** Resolves when it can send. */
  sending.accept = async ({ sdp, type }) => {
    connection.setRemoteDescription(sdp, type);
    await until(() => sending.audio.isOpen() && sending.video.isOpen(), Boolean, { what: 'the sending PeerConnection' });
  };
  return sending;
}

/** What receives: the answer to an offer, and when its tracks are open. `seeTrack` is given each track first. */
export async function answerMedia(name, { sdp, type }, seeTrack) {
  const connection = open(`${name}-receives`);
  const own = [];
  connection.onTrack((track) => {
    own.push(track);
    tracks.push(track);
    seeTrack(track);
  });
  connection.setRemoteDescription(sdp, type);
  const answer = await described(connection);
  const isOpen = () => own.length > 0 && own.every((track) => track.isOpen());
  return { answer, opened: () => until(isOpen, Boolean, { what: 'the receiving PeerConnection' }) };
}

function open(name) {
  const connection = new nodeDataChannel.PeerConnection(name, { iceServers: [] });
  connections.push(connection);
  return connection;
}

async function described(connection) {
  await until(() => connection.gatheringState() === 'complete' && connection.localDescription(), Boolean, { what: 'candidates' });
  return connection.localDescription();
}

/** Closes every connection and lets the process end. A connection says at once that it is closed; its tracks, when they are. */
export async function endPeers() {
  for (const connection of connections) connection.close();
  await until(() => tracks.every((track) => track.isClosed()), Boolean, { what: 'closed tracks' });
  nodeDataChannel.cleanup();
}
