import { type Fact, type Finding, fact, type Outcome, type TestCase } from './model';

interface Feature {
  name: string;
  present: () => boolean;
  /** Without it there is no call. */
  needed?: boolean;
}

const kFeatures: Feature[] = [
  { name: 'RTCPeerConnection', present: () => typeof RTCPeerConnection === 'function', needed: true },
  {
    name: 'getUserMedia',
    present: () => typeof navigator.mediaDevices?.getUserMedia === 'function',
    needed: true,
  },
  { name: 'WebSocket', present: () => typeof WebSocket === 'function', needed: true },
  {
    name: 'getStats',
    present: () => typeof RTCPeerConnection === 'function' && 'getStats' in RTCPeerConnection.prototype,
    needed: true,
  },
  {
    name: 'Data channels',
    present: () => typeof RTCPeerConnection === 'function' && 'createDataChannel' in RTCPeerConnection.prototype,
  },
  {
    name: 'Simulcast',
    present: () => typeof RTCRtpSender === 'function' && 'setParameters' in RTCRtpSender.prototype,
  },
  {
    name: 'Encoded transforms (insertable streams)',
    present: () =>
      'RTCRtpScriptTransform' in globalThis || 'createEncodedStreams' in (globalThis.RTCRtpSender?.prototype ?? {}),
  },
  { name: 'Screen capture', present: () => typeof navigator.mediaDevices?.getDisplayMedia === 'function' },
  {
    name: 'Implicit rollback',
    present: () => typeof RTCPeerConnection === 'function' && 'restartIce' in RTCPeerConnection.prototype,
  },
];

const kVideo = { width: 1280, height: 720, framerate: 30, bitrate: 1_500_000 };

/** What this browser can do at all, and how well. */
export const supportTest: TestCase = {
  id: 'browser-support',
  group: 'browser',
  title: 'Browser support',
  async run(say) {
    say('Looking at what the browser offers…');
    const missing = kFeatures.filter(({ present }) => !present());
    const facts = kFeatures.map(({ name, present }) => fact(name, present() ? 'yes' : 'no'));
    facts.push(...codecs(), ...(await hardware()));
    const findings = missing.map(toFinding);
    if (!window.isSecureContext) {
      findings.push({
        severity: 'critical',
        code: 'insecure_page',
        text: 'The page was not loaded over https: browsers give no camera or microphone to it. Serve it over https.',
      });
    }
    const needed = missing.some((feature) => feature.needed) || !window.isSecureContext;
    const outcome: Outcome = {
      status: needed ? 'fail' : missing.length > 0 ? 'warn' : 'pass',
      summary:
        missing.length === 0 ? 'Everything is there.' : `Missing: ${missing.map(({ name }) => name).join(', ')}.`,
      facts,
      findings,
    };
    return outcome;
  },
};

function toFinding({ name, needed }: Feature): Finding {
  return {
    severity: needed ? 'critical' : 'info',
    code: needed ? 'browser_lacks_webrtc' : 'browser_lacks_feature',
    about: name,
    text: needed
      ? `This browser has no ${name}; calls do not work in it. Use a current Chrome, Edge, Firefox or Safari.`
      : `This browser has no ${name}. Calls work without it.`,
  };
}

function codecs(): Fact[] {
  if (typeof RTCRtpSender === 'undefined' || !RTCRtpSender.getCapabilities) return [];
  const names = (kind: 'audio' | 'video') => {
    const all = RTCRtpSender.getCapabilities(kind)?.codecs ?? [];
    const short = all.map(({ mimeType }) => mimeType.split('/')[1] ?? mimeType);
    const helpers = new Set(['rtx', 'red', 'ulpfec', 'flexfec-03', 'CN', 'telephone-event']);
    return [...new Set(short)].filter((name) => !helpers.has(name)).join(', ');
  };
  return [fact('Video codecs', names('video')), fact('Audio codecs', names('audio'))];
}

/** Whether encoding is power efficient, which is what browsers tell of hardware. */
async function hardware(): Promise<Fact[]> {
  const { mediaCapabilities } = navigator;
  if (!mediaCapabilities?.encodingInfo) return [];
  const facts: Fact[] = [];
  for (const codec of ['VP8', 'VP9', 'H264', 'AV1']) {
    try {
      const info = await mediaCapabilities.encodingInfo({
        type: 'webrtc',
        video: { contentType: `video/${codec}`, ...kVideo },
      });
      const words = !info.supported ? 'no' : info.powerEfficient ? 'in hardware' : info.smooth ? 'in software' : 'slow';
      facts.push(fact(`Encoding ${codec}, 720p`, words));
    } catch {
      // A browser that does not know the codec's name says so by throwing.
    }
  }
  return facts;
}
