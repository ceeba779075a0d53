import { usePanel } from '../context';
import { Answered } from '../states';
import { useRequest } from '../use_request';
import type { SeriesAnswer, SummaryAnswer } from './answers';
import { filterParameters } from './filters';
import { KeyFigures } from './key_figures';
import { RatingShares } from './rating_shares';
import { ScoreDistribution } from './score_distribution';
import { SeriesCharts } from './series_charts';
import { Targets } from './targets';

/** Whether calls are good, at a glance. */
export function OverviewView() {
  const { place } = usePanel();
  const parameters = filterParameters(place);
  const summary = useRequest<SummaryAnswer>('summary', parameters);
  const series = useRequest<SeriesAnswer>('series', parameters);
  return (
    <section class="view" data-view="overview">
      <h2 class="visually-hidden">Overview</h2>
      <Answered
        request={summary}
        empty={({ current }) => (current.sessions === 0 ? 'No session ended in this range.' : undefined)}
      >
        {(answer) => (
          <>
            <KeyFigures summary={answer} />
            <div class="overview-middle">
              <Targets summary={answer} />
              <RatingShares summary={answer} />
              <ScoreDistribution counts={answer.current.score_histogram} />
            </div>
          </>
        )}
      </Answered>
      {summary.answer?.current.sessions !== 0 && (
        <Answered request={series}>{(answer) => <SeriesCharts series={answer} />}</Answered>
      )}
    </section>
  );
}
