// People of a storm, run inside a page, one each: they change what they send when told to, and say when everything that
// was changed has arrived. What all kinds have in common; the kinds themselves are in the files beside, which are loaded
// after this one and add themselves to `storm.members`.
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

    /**
     * For each m-line of video that is received: the longest time without a new frame, NACKs sent, and packets that came again. Where
     * chance loses nothing on an m-line for so long, up to three times as long.
     */
    async watch(forMs) {
      const lines = new Map();
      const begun = now();
      const allRepeated = () => [...lines.values()].every(({ retransmitted }) => retransmitted > 0);
      while (now() < begun + forMs || (now() < begun + 3 * forMs && !allRepeated())) {
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

  window.storm = { Devices, Member, kKinds, late, listen, members: {}, pause, ufragOf };
})();
