import type { Call } from './call';

/** After the call: why it ended, and what the room made of its quality. */
export function Farewell({ call, again }: { call: Call; again: () => void }) {
  const quality = call.summary?.quality;
  const score = typeof quality?.score === 'number' ? Math.round(quality.score) : undefined;
  return (
    <main class="farewell">
      <h1>{call.state === 'failed' ? 'The call was lost' : 'You left the call'}</h1>
      {call.reason && <p class={call.state === 'failed' ? 'notice error' : 'notice'}>{call.reason}</p>}
      {quality && (
        <p data-rating={quality.rating ?? 'unrated'}>
          {score === undefined
            ? 'It was too short to judge its quality.'
            : `Its quality was ${quality.rating}: ${score} of 100.`}
        </p>
      )}
      <button type="button" class="button primary" onClick={again}>
        Back to the start
      </button>
    </main>
  );
}
