// A picture that moves and a tone: media that needs no camera, no microphone and nobody's permission.

export interface SyntheticMedia {
  video: MediaStreamTrack;
  audio: MediaStreamTrack;
  stop(): void;
}

const kFrameMs = 40;

export function syntheticMedia(width = 640, height = 360, hue = 210): SyntheticMedia {
  const canvas = document.createElement('canvas');
  canvas.width = width;
  canvas.height = height;
  const paint = painter(canvas.getContext('2d') as CanvasRenderingContext2D, hue);
  paint();
  const timer = setInterval(paint, kFrameMs);
  const [video] = canvas.captureStream(1000 / kFrameMs).getVideoTracks();
  const context = new AudioContext();
  void context.resume();
  const tone = context.createOscillator();
  const quiet = context.createGain();
  const out = context.createMediaStreamDestination();
  tone.frequency.value = 440;
  quiet.gain.value = 0.2;
  tone.connect(quiet).connect(out);
  tone.start();
  const [audio] = out.stream.getAudioTracks();
  if (!video || !audio) throw new Error('This browser makes no media of a canvas.');
  return {
    video,
    audio,
    stop() {
      clearInterval(timer);
      video.stop();
      audio.stop();
      void context.close();
    },
  };
}

/** Blocks in changing places: enough for an encoder to do that bandwidth shows. */
function painter(context: CanvasRenderingContext2D, hue: number): () => void {
  const { width, height } = context.canvas;
  return () => {
    context.fillStyle = `hsl(${hue} 40% 20%)`;
    context.fillRect(0, 0, width, height);
    for (let i = 0; i < 120; ++i) {
      context.fillStyle = `hsl(${hue + Math.random() * 60} 70% ${30 + Math.random() * 50}%)`;
      context.fillRect(Math.random() * width, Math.random() * height, 40, 24);
    }
  };
}
