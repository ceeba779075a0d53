import type uPlot from 'uplot';
import type { ChartProps, Mark } from './chart';
import { resolveColour } from './colours';

/** Draws the level to compare with, and the marks: a line down the chart with its letter on top. */
export function overlay({ target, marks = [] }: ChartProps): uPlot.Plugin {
  const drawMark = (plot: uPlot, { at, letter, colour }: Mark) => {
    const { left, top, width, height } = plot.bbox;
    const x = plot.valToPos(at, 'x', true);
    if (x < left || x > left + width) return;
    const resolved = resolveColour(colour);
    line(plot.ctx, resolved, [x, top], [x, top + height]);
    plot.ctx.save();
    plot.ctx.fillStyle = resolved;
    plot.ctx.font = `600 ${10 * devicePixelRatio}px system-ui, sans-serif`;
    plot.ctx.textAlign = 'center';
    plot.ctx.fillText(letter, x, top - 3 * devicePixelRatio);
    plot.ctx.restore();
  };
  return {
    hooks: {
      draw: (plot) => {
        const { left, width } = plot.bbox;
        if (target) {
          const y = plot.valToPos(target.value, 'y', true);
          line(plot.ctx, resolveColour('--muted'), [left, y], [left + width, y]);
        }
        for (const mark of marks) drawMark(plot, mark);
      },
    },
  };
}

function line(context: CanvasRenderingContext2D, colour: string, from: [number, number], to: [number, number]): void {
  context.save();
  context.strokeStyle = colour;
  context.lineWidth = devicePixelRatio;
  context.setLineDash([3 * devicePixelRatio, 3 * devicePixelRatio]);
  context.beginPath();
  context.moveTo(...from);
  context.lineTo(...to);
  context.stroke();
  context.restore();
}
