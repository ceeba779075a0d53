// The tests' own client, run inside a page: joins a room of janus.plugin.callroom or of janus.plugin.videoroom with the
// fake camera and microphone. It does what the requests' description says and no more: no reconnection, no retries; it
// can stop its keep-alives. Not the product's room client, so that a mistake there cannot hide one in the plugin.
(() => {
  const now = () => performance.timeOrigin + performance.now();

  class Janus {
    constructor() {
      this.pending = new Map();
      this.handles = new Map();
      this.counter = 0;
    }

    static async connect(url = `ws://${location.host}/janus-ws`) {
      const janus = new Janus();
      janus.socket = new WebSocket(url, 'janus-protocol');
      janus.socket.onmessage = ({ data }) => janus.receive(JSON.parse(data));
      await new Promise((resolve, reject) => {
        janus.socket.onopen = resolve;
        janus.socket.onerror = () => reject(new Error('no connection'));
      });
      janus.id = (await janus.send({ janus: 'create' }).first).data.id;
      janus.keepalive = setInterval(() => janus.send({ janus: 'keepalive' }), 2000);
      return janus;
    }

    /** Ends the session, and with it all its handles. */
    async close() {
      await this.send({ janus: 'destroy' }).first;
      this.fallSilent();
      this.socket.close();
    }

    /** The session goes on, but Janus hears nothing of it any more. */
    fallSilent() {
      clearInterval(this.keepalive);
    }

    send(request) {
      const transaction = `p${++this.counter}`;
      const entry = {};
      const first = new Promise((resolve, reject) => Object.assign(entry, { resolve, reject }));
      const event = new Promise((resolve) => Object.assign(entry, { resolveEvent: resolve }));
      this.pending.set(transaction, entry);
      this.socket.send(JSON.stringify({ ...request, transaction, ...(this.id ? { session_id: this.id } : {}) }));
      return { first, event };
    }

    async attach(plugin) {
      const id = (await this.send({ janus: 'attach', plugin }).first).data.id;
      const handle = new Handle(this, id);
      this.handles.set(id, handle);
      return handle;
    }

    receive(message) {
      const entry = this.pending.get(message.transaction);
      if (entry && message.janus === 'event') entry.resolveEvent(message);
      else if (entry && message.janus === 'error') entry.reject(new Error(JSON.stringify(message.error)));
      else if (entry) entry.resolve(message);
      else this.handles.get(message.sender)?.onMessage(message);
    }
  }

  class Handle {
    constructor(janus, id) {
      this.janus = janus;
      this.id = id;
      this.events = [];
      this.onEvent = () => {};
      this.tail = Promise.resolve();
    }

    /** The plugin's answer: { data, jsep }. An error of the plugin rejects. */
    async ask(body, jsep) {
      const sent = this.tail.then(async () => {
        const { first, event } = this.janus.send({ janus: 'message', handle_id: this.id, body, ...(jsep ? { jsep } : {}) });
        const answer = await first;
        return { answer, event };
      });
      this.tail = sent.catch(() => {});
      const { answer, event } = await sent;
      const message = answer.janus === 'ack' ? await event : answer;
      const { data } = message.plugindata;
      if (data.error_code) throw Object.assign(new Error(data.error), { code: data.error_code });
      return { data, jsep: message.jsep };
    }

    connection() {
      this.peer = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
      this.peer.onicecandidate = ({ candidate }) =>
        this.janus.send({ janus: 'trickle', handle_id: this.id, candidate: candidate?.toJSON() ?? { completed: true } });
      return this.peer;
    }

    detach() {
      return this.janus.send({ janus: 'detach', handle_id: this.id }).first;
    }

    onMessage(message) {
      const event = { at: now(), janus: message.janus, data: message.plugindata?.data, jsep: message.jsep };
      this.events.push(event);
      this.onEvent(event);
    }
  }

  /** Without somebody who listens the browser decodes no sound. */
  function listen(track) {
    const loudspeaker = new Audio();
    loudspeaker.srcObject = new MediaStream([track]);
    loudspeaker.play();
  }

  /** Resolves with the moment at which the first frame of a remote video track has been decoded. */
  function firstFrame(peer) {
    return new Promise((resolve) => {
      peer.addEventListener('track', async ({ track }) => {
        if (track.kind === 'audio') return listen(track);
        const reader = new MediaStreamTrackProcessor({ track }).readable.getReader();
        const { value, done } = await reader.read();
        if (done) return;
        value.close();
        resolve(now());
        reader.cancel();
      });
    });
  }

  /** Three sizes of the picture, each in temporal layers, where the room says so; small ones of few bits. */
  const layersOf = (track) => {
    const { width, height } = track.getSettings();
    return ['h', 'm', 'l'].map((rid, i) => {
      const pixels = (width * height) / 4 ** i;
      const few = pixels <= 320 * 240 ? { maxBitrate: Math.max(3 * pixels, 60_000) } : {};
      return { rid, scalabilityMode: 'L1T3', scaleResolutionDownBy: 2 ** i, ...few };
    });
  };

  async function sendingPeer(handle, stream, simulcast = false) {
    const peer = handle.connection();
    for (const track of stream.getTracks()) {
      const layers = simulcast && track.kind === 'video' ? { sendEncodings: layersOf(track) } : {};
      peer.addTransceiver(track, { direction: 'sendonly', streams: [stream], ...layers });
    }
    return peer;
  }

  async function answer(peer, offer) {
    await peer.setRemoteDescription(offer);
    await peer.setLocalDescription();
    return { type: 'answer', sdp: peer.localDescription.sdp };
  }

  /** Everything that comes before joining: devices, connection, handles. close() takes it all back. */
  async function prepare(plugin, video = { width: 640, height: 480 }, audio = true) {
    const stream = await navigator.mediaDevices.getUserMedia({ audio, video });
    const janus = await Janus.connect();
    const close = async () => {
      await janus.close();
      for (const track of stream.getTracks()) track.stop();
    };
    return { stream, janus, close, sending: await janus.attach(plugin), receiving: await janus.attach(plugin) };
  }

  /** Callroom: the client offers on one handle, the plugin on the other. */
  async function joinCallroom(prepared, { room, user, ...more }) {
    const { janus, sending, receiving, stream } = prepared;
    const times = { asked: now() };
    const { data: joined } = await sending.ask({ request: 'join', room, user_id: user, ...more });
    times.joined = now();
    const peer = await sendingPeer(sending, stream, joined.simulcast);
    const negotiate = async () => {
      await peer.setLocalDescription();
      const jsep = { type: 'offer', sdp: peer.localDescription.sdp };
      const { jsep: reply } = await sending.ask({ request: 'negotiate', negotiation: 1 }, jsep);
      await peer.setRemoteDescription(reply);
    };
    const receivingPeer = receiving.connection();
    const seen = firstFrame(receivingPeer);
    const takeOffer = async ({ data, jsep }) => {
      receiving.streams = data.streams;
      if (!jsep) return;
      await receiving.ask({ request: 'answer', negotiation: data.negotiation }, await answer(receivingPeer, jsep));
    };
    receiving.onEvent = (event) => event.data?.streams && takeOffer(event);
    const receive = async () =>
      takeOffer(await receiving.ask({ request: 'receive', session_id: joined.session_id, receive_token: joined.receive_token }));
    await Promise.all([negotiate(), receive()]);
    return { janus, sending, receiving, joined, seen, times };
  }

  /** VideoRoom: publisher on one handle, subscriber on the other, as its documentation has it. */
  async function joinVideoroom(prepared, { room, user }) {
    const { janus, sending, receiving, stream } = prepared;
    const times = { asked: now() };
    const receivingPeer = receiving.connection();
    const seen = firstFrame(receivingPeer);
    const take = async ({ data, jsep }) => {
      receiving.streams = data.streams.map(({ mid, type, feed_id }) => ({ mid, kind: type, id: feed_id }));
      await receiving.ask({ request: 'start' }, await answer(receivingPeer, jsep));
    };
    let subscribed;
    const subscribe = (publishers) => {
      if (!publishers?.length) return;
      const streams = publishers.map(({ id }) => ({ feed: id }));
      const first = { request: 'join', ptype: 'subscriber', room, streams };
      const before = subscribed;
      subscribed = before ? before.then(() => receiving.ask({ request: 'subscribe', streams })).then(take) : receiving.ask(first).then(take);
    };
    sending.onEvent = ({ data }) => subscribe(data?.publishers);
    const { data: joined } = await sending.ask({ request: 'join', ptype: 'publisher', room, display: user });
    times.joined = now();
    subscribe(joined.publishers);
    const peer = await sendingPeer(sending, stream);
    await peer.setLocalDescription();
    const { jsep } = await sending.ask({ request: 'publish' }, { type: 'offer', sdp: peer.localDescription.sdp });
    await peer.setRemoteDescription(jsep);
    return { janus, sending, receiving, joined, seen, times };
  }

  window.client = { Janus, prepare, joinCallroom, joinVideoroom, now };
})();
