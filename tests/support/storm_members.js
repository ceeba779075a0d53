// People of a storm, run inside a page, one each: they change what they send when told to, and say when everything that
// was changed has arrived. `storm.members` names the kinds: the product's room client, peers with less collision handling
// of their own, and the browser's defaults on janus.plugin.videocall. Needs page_client.js, and the room client as
// `callroom`.
(() => {
  const now = () => performance.timeOrigin + performance.now();
  const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  const kKinds = { camera: 'video', screen: 'video', microphone: 'audio', screen_audio: 'audio' };

  /** One fake camera and one tone a page; every publication gets a clone. */
  class Devices {
    static async open(video) {
      const devices = new Devices();
      const stream = await navigator.mediaDevices.getUserMedia({ video });
      const context = new AudioContext();
      const tone = context.createOscillator();
      const out = context.createMediaStreamDestination();
      tone.connect(out);
      tone.start();
      devices.sources = { video: stream.getVideoTracks()[0], audio: out.stream.getAudioTracks()[0] };
      return devices;
    }

    track(source) {
      return this.sources[kKinds[source]].clone();
    }
  }

  /** Without somebody who listens the browser decodes no sound, and a picture nobody shows is decoded all the same. */
  const loudspeakers = new Map();
  function listen(track) {
    if (track.kind !== 'audio' || loudspeakers.has(track.id)) return;
    const loudspeaker = new Audio();
    loudspeaker.srcObject = new MediaStream([track]);
    loudspeaker.play();
    loudspeakers.set(track.id, loudspeaker);
  }

  /** A connection whose messages take their time, in order, as over a long way. */
  function late(connect, delayMs) {
    if (!delayMs) return connect;
    return async () => {
      const inner = await connect();
      const outer = {
        send: (text) => setTimeout(() => inner.send(text), delayMs),
        close: () => inner.close(),
        onMessage: () => {},
        onClose: () => {},
      };
      inner.onMessage = (text) => setTimeout(() => outer.onMessage(text), delayMs);
      inner.onClose = (reason) => outer.onClose(reason);
      return outer;
    };
  }

  const openConnections = () => window.testConnections.filter(({ connectionState }) => connectionState !== 'closed');
  const ufragOf = ({ currentLocalDescription: local }) => /^a=ice-ufrag:(\S+)/m.exec(local?.sdp ?? '')?.[1];

  /** How much came since the first note, by track; a browser that sets a receiver up anew counts from zero. */
  class Progress {
    last = new Map();
    more = new Map();

    note(counters) {
      for (const [track, count] of counters) {
        const last = this.last.get(track) ?? (this.last.size ? 0 : count);
        this.more.set(track, this.since(track) + (count < last ? count : count - last));
      }
      for (const [track, count] of counters) this.last.set(track, count);
      return this;
    }

    since(track) {
      return this.more.get(track) ?? 0;
    }
  }

  /** What everybody has in common: a round of changes, and the look whether all of it has arrived. */
  class Member {
    constructor(user, devices) {
      this.user = user;
      this.devices = devices;
      this.tracks = new Map(); // by source
      this.problems = [];
    }

    change({ what, source }) {
      if (what === 'restart') return this.restart();
      if (what === 'publish') return this.publish(source);
      if (what === 'unpublish') return this.unpublish(source);
      return this.mute(source, what === 'mute');
    }

    /** Makes the changes at the moment `at`, and waits until `expected`, what the others send now, is here in full. */
    async round({ changes, at, expected, restarts, withinMs }) {
      const before = new Map(openConnections().map((connection) => [connection, ufragOf(connection)]));
      this.former = before;
      await pause(Math.max(0, at - now()));
      const begun = now();
      for (const change of changes) Promise.resolve(this.change(change)).catch((error) => this.problems.push(String(error)));
      return { begun, ...(await this.await(expected, restarts, withinMs)) };
    }

    async await(expected, restarts, withinMs) {
      const deadline = now() + withinMs;
      let missing;
      while ((missing = this.unsettled(expected, restarts)) && now() < deadline) await pause(4);
      if (missing) return { missing };
      const settled = now();
      const progress = new Progress();
      progress.note(await this.counters());
      do {
        missing = this.unsettled(expected, restarts) ?? this.still(expected, progress.note(await this.counters()));
        if (!missing) return { settled, flowing: now() };
        await pause(25);
      } while (now() < deadline);
      return { settled, missing };
    }

    /** What stands between this member and a state in which every change is applied; undefined: nothing. */
    unsettled(expected, restarts) {
      const unstable = openConnections().find(({ signalingState }) => signalingState !== 'stable');
      if (unstable) return `signaling is ${unstable.signalingState}`;
      if (restarts && !this.restarted()) return 'ICE has not restarted';
      for (const [user, lines] of Object.entries(expected)) {
        const wanted = lines.map((line) => this.label(line)).sort().join();
        const seen = this.seen(user).map((line) => this.label(line)).sort().join();
        if (wanted !== seen) return `of ${user}: ${seen || 'nothing'} instead of ${wanted || 'nothing'}`;
      }
      return undefined;
    }

    restarted() {
      return openConnections().some((connection) => this.former.has(connection) && ufragOf(connection) !== this.former.get(connection));
    }

    /** Frames and packets by track. */
    async counters() {
      const counters = new Map();
      for (const connection of openConnections()) {
        for (const stat of (await connection.getStats()).values()) {
          if (stat.type !== 'inbound-rtp') continue;
          counters.set(stat.trackIdentifier, stat.kind === 'video' ? (stat.framesDecoded ?? 0) : stat.packetsReceived);
        }
      }
      return counters;
    }

    /** For each m-line of video that is received: the longest time without a new frame, NACKs sent, and packets that came again. */
    async watch(forMs) {
      const lines = new Map();
      const until = now() + forMs;
      while (now() < until) {
        for (const connection of openConnections()) {
          for (const stat of (await connection.getStats()).values()) {
            if (stat.type !== 'inbound-rtp' || stat.kind !== 'video') continue;
            const line = lines.get(stat.mid) ?? { frames: stat.framesDecoded, since: now(), longestStillMs: 0 };
            if (stat.framesDecoded !== line.frames) line.since = now();
            const longestStillMs = Math.max(line.longestStillMs, Math.round(now() - line.since));
            lines.set(stat.mid, { ...line, longestStillMs, frames: stat.framesDecoded, nacks: stat.nackCount, retransmitted: stat.retransmittedPacketsReceived });
          }
        }
        await pause(50);
      }
      return [...lines].map(([mid, { since: _, ...line }]) => ({ mid, ...line }));
    }

    still(expected, progress) {
      for (const [user, lines] of Object.entries(expected)) {
        for (const { source, track } of this.seen(user)) {
          listen(track);
          if (lines.find((line) => line.source === source)?.muted && track.kind === 'video') continue;
          if (progress.since(track.id) < (track.kind === 'video' ? 2 : 4)) return `${track.kind} of ${user} (${source ?? 'any'}) stands still`;
        }
      }
      return undefined;
    }

    /** For the report on a round that failed. */
    describe() {
      const connections = openConnections().map((connection) => ({
        signaling: connection.signalingState,
        ice: connection.iceConnectionState,
        lines: connection.getTransceivers().map(({ mid, direction, currentDirection, sender, receiver }) =>
          `${mid} ${receiver.track.kind} ${direction}/${currentDirection} ${sender.track ? 'sends' : ''}`),
      }));
      return { user: this.user, publishes: [...this.tracks.keys()], connections, problems: this.problems.splice(0) };
    }
  }

  /** The product's own client. */
  class RoomMember extends Member {
    static kind = 'callroom';

    async join({ url, room, delayMs, iceTransportPolicy }, others) {
      this.client = new callroom.RoomClient({ connect: late(callroom.webSocket(url), delayMs), iceTransportPolicy });
      this.client.on('problem', (error) => this.problems.push(String(error?.message ?? error)));
      this.client.on('tracks', ({ tracks }) => tracks.forEach(({ track }) => listen(track)));
      for (const source of this.tracks.keys()) this.publish(source);
      await this.client.join({ room, userId: this.user });
      while (this.client.others.length < others) await pause(20);
    }

    publish(source) {
      this.tracks.set(source, this.client.publish(this.devices.track(source), source));
    }

    unpublish(source) {
      const publication = this.tracks.get(source);
      this.tracks.delete(source);
      this.client.unpublish(publication);
      publication.track.stop();
    }

    mute(source, muted) {
      this.client.mute(this.tracks.get(source), muted);
    }

    restart() {
      return this.client.restart();
    }

    seen(user) {
      return this.client.others.find(({ userId }) => userId === user)?.tracks ?? [];
    }

    label({ source }) {
      return source;
    }

    async leave() {
      await this.client.leave();
    }
  }

  /** One PeerConnection to one other person; what such clients have in common. */
  class PairMember extends Member {
    open() {
      this.peer = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
      this.peer.onnegotiationneeded = () => this.offer();
      this.peer.onsignalingstatechange = () => this.again && this.peer.signalingState === 'stable' && this.offer();
      this.peer.onicecandidate = ({ candidate }) => this.sendCandidate(candidate?.toJSON() ?? null);
      this.peer.ontrack = ({ track }) => listen(track);
      this.tail = Promise.resolve();
      this.again = false;
      this.taken = new Set(); // transceivers whose track is on its way
    }

    /** Messages are dealt with one after the other. */
    queue(task) {
      this.tail = this.tail.then(task).catch((error) => this.problems.push(String(error)));
    }

    publish(source) {
      const track = this.devices.track(source);
      const idle = this.peer.getTransceivers().find(
        (each) => !each.sender.track && !this.taken.has(each) && each.receiver.track.kind === track.kind && each.direction !== 'stopped' && !each.stopped);
      this.tracks.set(source, track);
      if (!idle) return void this.peer.addTrack(track, new MediaStream([track]));
      idle.direction = 'sendrecv';
      this.taken.add(idle);
      return idle.sender.replaceTrack(track).finally(() => this.taken.delete(idle));
    }

    unpublish(source) {
      const track = this.tracks.get(source);
      this.tracks.delete(source);
      const sender = this.peer.getSenders().find((each) => each.track === track);
      this.peer.getTransceivers().find((each) => each.sender === sender).direction = 'recvonly';
      track.stop();
      return sender.replaceTrack(null);
    }

    restart() {
      this.peer.restartIce();
    }

    restarted() {
      return ufragOf(this.peer) !== this.former.get(this.peer);
    }

    seen() {
      return this.peer.getTransceivers()
        .filter(({ currentDirection }) => currentDirection === 'sendrecv' || currentDirection === 'recvonly')
        .map(({ receiver: { track } }) => ({ track, source: undefined }));
    }

    label({ source, track }) {
      return track ? track.kind : kKinds[source];
    }
  }

  /** Naive: no collision handling of its own, the browser's implicit rollback alone. Says that it yields. */
  class NaiveMember extends PairMember {
    static kind = 'naive';
    collision = 'yields';

    async join({ url, room }, others) {
      this.janus = await client.Janus.connect(url);
      this.handle = await this.janus.attach('janus.plugin.callroom');
      this.counter = 0;
      this.open();
      let arrived;
      const other = new Promise((resolve) => { arrived = resolve; });
      this.handle.onEvent = ({ data }) => {
        if (data?.callroom === 'participant_joined') arrived(data.id);
        else if (data) this.queue(() => this.take(data));
      };
      const { data } = await this.handle.ask({ request: 'join', room, user_id: this.user, collision: this.collision });
      this.to = data.participants[0]?.id ?? (await other);
      const sources = [...this.tracks.keys()];
      for (const source of sources) await this.publish(source);
    }

    send(signal) {
      if (!this.to) return;
      this.handle.ask({ request: 'signal', to: this.to, ...signal }).catch((error) => this.problems.push(String(error)));
    }

    sendCandidate(candidate) {
      this.send({ negotiation: this.described ?? 0, candidate });
    }

    async offer() {
      if (this.yielding) {
        this.again = true;
        return;
      }
      this.again = false;
      this.making = true;
      let offer;
      try {
        offer = await this.peer.createOffer();
        await this.peer.setLocalDescription(offer);
      } catch {
        this.again = true;
        return;
      } finally {
        this.making = false;
      }
      this.pending = this.described = ++this.counter;
      this.send({ negotiation: this.pending, description: { type: 'offer', sdp: offer.sdp } });
    }

    async take(event) {
      if (event.callroom === 'negotiate') {
        this.again = true;
        if (this.peer.signalingState === 'stable') await this.offer();
      } else if (event.callroom === 'glare') {
        await this.glare(event);
      } else if (event.description?.type === 'offer') {
        await this.takeOffer(event);
      } else if (event.description) {
        if (this.peer.signalingState === 'have-local-offer' && event.negotiation === this.pending) await this.peer.setRemoteDescription(event.description);
      } else if (event.callroom === 'signal') {
        await this.peer.addIceCandidate(event.candidate ?? undefined).catch(() => {});
      }
    }

    async takeOffer({ negotiation, description }) {
      await this.peer.setRemoteDescription(description);
      await this.peer.setLocalDescription(await this.peer.createAnswer());
      this.described = negotiation;
      this.send({ negotiation, description: { type: 'answer', sdp: this.peer.localDescription.sdp } });
    }

    async glare() {}

    async leave() {
      await this.handle.ask({ request: 'leave' });
      this.peer.close();
      await this.janus.close();
    }
  }

  /**
   * Strict: never takes an offer while it has one out, but rolls its own back when the room says so. An offer that is
   * being made counts as out: signalingState is "stable" still, and the browser would roll it back by itself.
   */
  class StrictMember extends NaiveMember {
    static kind = 'strict';
    collision = 'refuses';

    async takeOffer(event) {
      if (this.making || this.peer.signalingState !== 'stable') return;
      this.yielding = false;
      await super.takeOffer(event);
    }

    async glare({ negotiation }) {
      if (negotiation !== this.pending || this.peer.signalingState !== 'have-local-offer') return;
      this.yielding = true; // the other's offer follows: to make another one now would refuse that too, and so on for ever
      await this.peer.setLocalDescription({ type: 'rollback' });
    }
  }

  /** A client of janus.plugin.videocall with the browser's own defaults: what happens without a room that arbitrates. */
  class VideocallMember extends PairMember {
    static kind = 'videocall';

    async join({ url, room }, others, first) {
      this.janus = await client.Janus.connect(url);
      this.handle = await this.janus.attach('janus.plugin.videocall');
      this.open();
      this.setUp = new Promise((resolve) => { this.isUp = resolve; });
      this.handle.onEvent = ({ data, jsep }) => this.queue(() => this.take(data?.result, jsep));
      await this.handle.ask({ request: 'register', username: `${room}-${this.user}` });
      window.registered = true;
      const sources = [...this.tracks.keys()];
      for (const source of sources) await this.publish(source);
      if (first) {
        await this.peer.setLocalDescription(await this.peer.createOffer());
        const jsep = this.peer.localDescription.toJSON();
        this.handle.ask({ request: 'call', username: `${room}-${first}` }, jsep);
      }
      await this.setUp;
    }

    async take(result, jsep) {
      const { peer } = this;
      if (jsep?.type === 'offer') {
        await peer.setRemoteDescription(jsep);
        await peer.setLocalDescription(await peer.createAnswer());
        const request = result?.event === 'incomingcall' ? 'accept' : 'set';
        await this.handle.ask({ request }, peer.localDescription.toJSON());
      } else if (jsep && peer.signalingState === 'have-local-offer') {
        await peer.setRemoteDescription(jsep);
      }
      if (jsep) this.isUp();
    }

    sendCandidate(candidate) {
      this.janus.send({ janus: 'trickle', handle_id: this.handle.id, candidate: candidate ?? { completed: true } });
    }

    async offer() {
      if (!this.peer.currentLocalDescription) return; // the first offer is the call's
      try {
        await this.peer.setLocalDescription(await this.peer.createOffer());
      } catch {
        return;
      }
      await this.handle.ask({ request: 'set' }, this.peer.localDescription.toJSON()).catch((error) => this.problems.push(String(error)));
    }

    async leave() {
      this.peer.close();
      await this.janus.close();
    }
  }

  const kinds = [RoomMember, NaiveMember, StrictMember, VideocallMember];
  window.storm = { Devices, listen, members: Object.fromEntries(kinds.map((each) => [each.kind, each])) };
})();
