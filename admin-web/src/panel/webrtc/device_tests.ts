import { number } from '../format';
import { type Fact, type Finding, fact, type Outcome, type TestCase } from './model';
import { pause } from './runner';

const kCaptureMs = 1500;

/** Why a device could not be opened, told apart as the browser does. */
export function deviceProblem(
  kind: string,
  error: unknown,
): { summary: string; finding: Finding; status: 'fail' | 'warn' } {
  const name = error instanceof DOMException ? error.name : '';
  const text: Record<string, [string, string]> = {
    NotAllowedError: [
      'Permission was denied.',
      `The browser may not use the ${kind}. Allow it by the icon beside the address, and in the system's own privacy settings.`,
    ],
    NotFoundError: ['None was found.', `No ${kind} is connected, or the system hides it from the browser.`],
    NotReadableError: [
      'It is in use.',
      `Another program has the ${kind}, or its driver fails. Close other programs that make calls, and plug it in again.`,
    ],
    OverconstrainedError: ['It cannot do what was asked.', `The ${kind} offers no mode that calls can use.`],
  };
  const [summary, advice] = text[name] ?? [
    'It could not be opened.',
    `The ${kind} could not be opened: ${String(error)}`,
  ];
  const status = name === 'NotFoundError' ? 'warn' : 'fail';
  const codes: Record<string, string> = {
    NotAllowedError: 'denied',
    NotFoundError: 'missing',
    NotReadableError: 'in_use',
  };
  const finding: Finding = {
    severity: status === 'fail' ? 'critical' : 'warning',
    code: `${kind}_${codes[name] ?? 'failed'}`,
    about: kind,
    text: advice,
  };
  return { summary, finding, status };
}

async function listed(kind: MediaDeviceKind): Promise<MediaDeviceInfo[]> {
  return (await navigator.mediaDevices.enumerateDevices()).filter((device) => device.kind === kind);
}

async function captured(
  kind: 'camera' | 'microphone',
  measure: (stream: MediaStream) => Promise<Outcome>,
): Promise<Outcome> {
  if (!navigator.mediaDevices) return { status: 'fail', summary: 'The page may not use devices: it needs https.' };
  let stream: MediaStream;
  try {
    const wanted = kind === 'camera' ? { video: true } : { audio: true };
    stream = await navigator.mediaDevices.getUserMedia(wanted);
  } catch (error) {
    const { summary, finding, status } = deviceProblem(kind, error);
    return { status, summary, findings: [finding] };
  }
  try {
    return await measure(stream);
  } finally {
    for (const track of stream.getTracks()) track.stop();
  }
}

/** Without a gesture on the page Chromium keeps audio contexts asleep; then the level is not known. */
async function audioLevel(stream: MediaStream, signal: AbortSignal): Promise<number | undefined> {
  const context = new AudioContext();
  try {
    if (context.state !== 'running') await Promise.race([context.resume(), pause(300, signal)]);
    if (context.state !== 'running') return undefined;
    const analyser = context.createAnalyser();
    context.createMediaStreamSource(stream).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    let loudest = 0;
    for (const until = performance.now() + kCaptureMs; performance.now() < until; ) {
      await pause(50, signal);
      analyser.getFloatTimeDomainData(samples);
      const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
      loudest = Math.max(loudest, Math.sqrt(power));
    }
    return loudest > 0 ? 20 * Math.log10(loudest) : Number.NEGATIVE_INFINITY;
  } finally {
    await context.close();
  }
}

async function frameRate(stream: MediaStream, signal: AbortSignal): Promise<number> {
  const video = document.createElement('video');
  video.muted = true;
  video.srcObject = stream;
  await video.play();
  let frames = 0;
  const count = () => {
    frames += 1;
    video.requestVideoFrameCallback(count);
  };
  video.requestVideoFrameCallback(count);
  const began = performance.now();
  await pause(kCaptureMs, signal);
  const rate = (1000 * frames) / (performance.now() - began);
  video.srcObject = null;
  return rate;
}

export const microphoneTest: TestCase = {
  id: 'devices-microphone',
  group: 'devices',
  title: 'Microphone',
  run: (say, signal) => {
    say('Listening…');
    return captured('microphone', async (stream) => {
      const level = await audioLevel(stream, signal);
      const devices = await listed('audioinput');
      const facts: Fact[] = [fact('Found', devices.length), fact('Used', stream.getAudioTracks()[0]?.label ?? '')];
      if (level === undefined) return { status: 'pass', summary: 'It opens; its level was not measured.', facts };
      const silent = level < -70;
      facts.push(fact('Loudest', Number.isFinite(level) ? `${number(level, 1)} dBFS` : 'silence'));
      if (!silent) return { status: 'pass', summary: `It hears: ${number(level, 1)} dBFS at the loudest.`, facts };
      const text = 'The microphone gives silence. It may be muted by a switch, or another one is meant.';
      const finding: Finding = { severity: 'warning', code: 'microphone_silent', about: 'microphone', text };
      return { status: 'warn', summary: 'It opens, but gives silence.', facts, findings: [finding] };
    });
  },
};

export const cameraTest: TestCase = {
  id: 'devices-camera',
  group: 'devices',
  title: 'Camera',
  run: (say, signal) => {
    say('Looking…');
    return captured('camera', async (stream) => {
      const rate = await frameRate(stream, signal);
      const devices = await listed('videoinput');
      const settings = stream.getVideoTracks()[0]?.getSettings() ?? {};
      const size = `${settings.width ?? '?'}×${settings.height ?? '?'}`;
      const facts = [
        fact('Found', devices.length),
        fact('Used', stream.getVideoTracks()[0]?.label ?? ''),
        fact('Size', size),
        fact('Frame rate', `${number(rate, 1)} per second`),
      ];
      const summary = `${size} at ${number(rate, 0)} frames per second.`;
      if (rate >= 10) return { status: 'pass', summary, facts };
      const text = 'The camera gives few frames. Poor light slows cameras down, and so does a loaded machine.';
      return {
        status: 'warn',
        summary,
        facts,
        findings: [{ severity: 'warning', code: 'camera_slow', about: 'camera', text }],
      };
    });
  },
};

export const speakerTest: TestCase = {
  id: 'devices-speaker',
  group: 'devices',
  title: 'Speakers',
  async run() {
    if (!navigator.mediaDevices) return { status: 'fail', summary: 'The page may not use devices: it needs https.' };
    const devices = await listed('audiooutput');
    const choosable = 'setSinkId' in HTMLMediaElement.prototype;
    const facts = [fact('Found', devices.length), fact('Can be chosen', choosable ? 'yes' : 'no')];
    if (devices.length > 0) return { status: 'pass', summary: `${devices.length} found.`, facts };
    if (!choosable)
      return { status: 'pass', summary: 'The browser tells of none; it uses the system’s own choice.', facts };
    const text = 'No loudspeaker or headset is connected: others will not be heard.';
    const finding: Finding = { severity: 'warning', code: 'speaker_missing', about: 'speakers', text };
    return { status: 'warn', summary: 'None was found.', facts, findings: [finding] };
  },
};
