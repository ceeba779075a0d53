import { useEffect, useRef } from 'preact/hooks';

const kFloorDb = -60;

/** How loud a microphone is at the moment, as a bar that moves on its own. */
export function LevelMeter({ track }: { track: MediaStreamTrack | undefined }) {
  const meter = useRef<HTMLMeterElement>(null);
  useEffect(() => {
    if (!track) return;
    const context = new AudioContext();
    const analyser = new AnalyserNode(context, { fftSize: 1024 });
    context.createMediaStreamSource(new MediaStream([track])).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    let frame = 0;
    const draw = () => {
      analyser.getFloatTimeDomainData(samples);
      if (meter.current) meter.current.value = levelOf(samples);
      frame = requestAnimationFrame(draw);
    };
    draw();
    return () => {
      cancelAnimationFrame(frame);
      void context.close();
    };
  }, [track]);
  return <meter class="level" ref={meter} min={0} max={1} value={0} aria-label="Microphone level" />;
}

/** Loudness between 0 (silence) and 1 (full scale), on a scale of decibels. */
export function levelOf(samples: Float32Array): number {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  const db = 10 * Math.log10(sum / samples.length || 1e-12);
  return Math.min(1, Math.max(0, 1 - db / kFloorDb));
}
