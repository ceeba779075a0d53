// A process full of people for tests/bench/call_cpu: it makes calls through one of the plugins, sends and receives in them,
// and counts. Commands come from the process that started it, and each is answered.
import { JanusClient } from '../support/janus_client.mjs';
import { answerMedia, endPeers, offerMedia } from '../support/peer_connections.mjs';
import { offeredLines, ReceivedMedia, SentMedia, takenOf } from './call_streams.mjs';

const kTickMs = 5;
const kAtOnce = 6; // calls that are set up at the same time

async function ask(handle, body, jsep) {
  const answer = await handle.ask(body, jsep);
  if (answer.error_code) throw new Error(`${body.request}: ${answer.error_code} ${answer.error}`);
  return answer;
}

/** How each plugin makes a room for two, and how a person in it sends on one PeerConnection and receives on another. */
const kPlugins = {
  callroom: {
    name: 'janus.plugin.callroom',
    create: (handle, number, kbps) => ask(handle, { request: 'create', room: `cpu-${number}`, capacity: 2, audiocodec: 'opus', videocodec: 'vp8', bitrate: kbps }),
    async publish(person, number) {
      const joined = await ask(person.sending, { request: 'join', room: `cpu-${number}`, user_id: person.name });
      person.ticket = { session_id: joined.session_id, receive_token: joined.receive_token };
      return (await ask(person.sending, { request: 'negotiate', negotiation: 1 }, person.media.offer)).jsep;
    },
    async offer(person) {
      const { negotiation, jsep } = await ask(person.receiving, { request: 'receive', ...person.ticket });
      person.negotiation = negotiation;
      return jsep;
    },
    answer: (person, jsep) => ask(person.receiving, { request: 'answer', negotiation: person.negotiation }, jsep),
  },
  videoroom: {
    name: 'janus.plugin.videoroom',
    create: (handle, number, kbps) => ask(handle, { request: 'create', room: number, publishers: 2, audiocodec: 'opus', videocodec: 'vp8', bitrate: 1000 * kbps }),
    async publish(person, number) {
      person.feed = (await ask(person.sending, { request: 'join', ptype: 'publisher', room: number, display: person.name })).id;
      return (await ask(person.sending, { request: 'publish' }, person.media.offer)).jsep;
    },
    offer: async (person, other, number) => (await ask(person.receiving, { request: 'join', ptype: 'subscriber', room: number, streams: [{ feed: other.feed }] })).jsep,
    answer: (person, jsep) => ask(person.receiving, { request: 'start' }, jsep),
  },
};

let janus;
let negotiated;
const people = [];

async function publish(plugin, number, name, options) {
  const person = { name };
  person.sending = await janus.attach(plugin.name);
  person.receiving = await janus.attach(plugin.name);
  if (name === 'ada') await plugin.create(person.sending, number, options.roomKbps);
  person.media = await offerMedia(name, offeredLines(options.terms));
  const answer = await plugin.publish(person, number);
  person.answerSdp = answer.sdp;
  await person.media.accept(answer);
  await person.sending.next('webrtcup'); // for Janus it is up a moment later
  person.sent = new SentMedia(person.media, answer.sdp, options);
  return person;
}

async function receive(plugin, number, person, other, options) {
  const { type, sdp } = await plugin.offer(person, other, number);
  const offer = { type, sdp: takenOf(sdp, options.terms) };
  person.received = new ReceivedMedia(offer.sdp);
  const media = await answerMedia(person.name, offer, (track) => person.received.see(track));
  await plugin.answer(person, media.answer);
  await media.opened();
  negotiated ??= { sending: terms(person.answerSdp), receiving: terms(media.answer.sdp) };
}

async function call(plugin, number, options) {
  const ada = await publish(plugin, number, 'ada', options);
  const grace = await publish(plugin, number, 'grace', options);
  await receive(plugin, number, ada, grace, options);
  await receive(plugin, number, grace, ada, options);
  people.push(ada, grace);
}

/** What was agreed on that costs something, a list for each m-line: codecs, NACKs, header extensions; without numbers. */
function terms(sdp) {
  const kWorth = /^a=(?:rtpmap:\d+ (\S+)|(?:rtcp-fb):\d+ (nack.*?)|extmap:\d+\S* \S*?([\w-]+))\r?$/gm;
  return sdp.split(/^m=/m).slice(1).map((line) => [...line.matchAll(kWorth)].map(([, ...found]) => found.join('').toLowerCase()).sort());
}

// --- the commands -----------------------------------------------------------------------------------------------------

let ticking;
let latestTickMs = 0;

const kCommands = {
  async connect({ plugin, webSocket, first, calls, ...options }) {
    janus = await JanusClient.connect(webSocket);
    const numbers = Array.from({ length: calls }, (_, i) => first + i);
    const setUp = async () => {
      for (let number = numbers.shift(); number !== undefined; number = numbers.shift()) await call(kPlugins[plugin], number, options);
    };
    await Promise.all(Array.from({ length: kAtOnce }, setUp));
    return negotiated;
  },
  start() {
    const began = performance.now();
    for (const { sent, received } of people) {
      sent.start(began);
      received.start(began);
    }
    let due = began;
    const tick = () => {
      const now = performance.now();
      latestTickMs = Math.max(latestTickMs, now - due);
      for (const { sent, received } of people) {
        sent.tick(now);
        received.tick(now);
      }
      due = Math.max(due + kTickMs, now);
      ticking = setTimeout(tick, due - performance.now());
    };
    tick();
  },
  /** Sums since the start; lateness since the last count. */
  count() {
    const sum = (of) => people.reduce((total, person) => total + of(person), 0);
    const lateMs = latestTickMs;
    latestTickMs = 0;
    return {
      sent: sum(({ sent }) => sent.packets.audio + sent.packets.video),
      received: sum(({ received }) => received.packets.audio + received.packets.video),
      keyFrames: sum(({ sent }) => sent.keyFrames),
      heard: Object.fromEntries(Object.keys(people[0].sent.heard).map((kind) => [kind, sum(({ sent }) => sent.heard[kind])])),
      feedback: sum(({ received }) => received.feedback),
      lateMs,
      fewest: Math.min(...people.map(({ received }) => Math.min(received.packets.audio, received.packets.video))),
    };
  },
  async end() {
    clearTimeout(ticking);
    await janus.destroy();
    await endPeers();
  },
};

process.on('message', async ({ id, command, values }) => {
  try {
    process.send({ id, result: await kCommands[command](values) });
  } catch (error) {
    process.send({ id, error: error.stack });
  }
  if (command === 'end') process.disconnect();
});
process.on('disconnect', () => process.exit());
