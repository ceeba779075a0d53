import { count, percent } from '../format';
import type { SummaryAnswer } from './answers';
import { Rating } from './rating';
import { kRatings } from './rows';

/** How the sessions divide into ratings. */
export function RatingShares({ summary }: { summary: SummaryAnswer }) {
  const { ratings } = summary.current;
  return (
    <section class="card" aria-label="Ratings">
      <h3>Ratings</h3>
      <div class="share-bar" aria-hidden="true">
        {kRatings.map(
          (name) =>
            ratings[name].sessions > 0 && (
              <i key={name} class={`fill-${name}`} style={{ flexGrow: ratings[name].sessions }} />
            ),
        )}
      </div>
      <table class="shares">
        <thead class="visually-hidden">
          <tr>
            <th scope="col">Rating</th>
            <th scope="col">Share</th>
            <th scope="col">Sessions</th>
          </tr>
        </thead>
        <tbody>
          {kRatings.map((name) => (
            <tr key={name} data-rating-share={name}>
              <td>
                <Rating rating={name} />
              </td>
              <td class="figure">{percent(ratings[name].share_pct)}</td>
              <td class="figure muted">{count(ratings[name].sessions)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
