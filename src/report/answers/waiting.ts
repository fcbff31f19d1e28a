/**
 * Owns the picture of a run under way for verbs that write nothing before all answers are in: drawn while they are waited
 * for, gone when they are written.
 */
import { createLogUpdate } from 'log-update';
import { createLiveView } from '../live.js';
import type { Reporter } from '../reporter.js';
import type { Paint } from '../style.js';

interface LiveReporterOptions {
  readonly out: NodeJS.WritableStream & { readonly columns?: number; readonly rows?: number };
  readonly paint: Paint;
  readonly isUtf8: boolean;
}

/** Milliseconds: most answers are there before anybody would have read it. */
const [firstAfter, frame] = [500, 120];

export function createLiveReporter({
  out,
  paint,
  isUtf8,
}: LiveReporterOptions): Reporter & { clear(): void } {
  const live = createLiveView({ paint, isUtf8 });
  const update = createLogUpdate(out, { showCursor: true });
  const now = (): number => performance.now();
  let timer: NodeJS.Timeout | undefined;
  let isHeld = false;
  let isOver = false;

  function draw(): void {
    if (isHeld || isOver) return;
    const picture = live.render({ columns: (out.columns ?? 80) - 1, rows: (out.rows ?? 24) - 2 }, now());
    if (picture.length > 0) update(picture.join('\n'));
  }

  function finish(): void {
    isOver = true;
    clearTimeout(timer);
    update.clear();
    update.done();
  }

  return {
    tell(event) {
      live.tell(event, now());
      timer ??= setTimeout(() => {
        draw();
        if (!isOver) timer = setInterval(draw, frame).unref();
      }, firstAfter).unref();
      if (event.type === 'run-finished') finish();
    },
    clear: () => update.clear(),
    hold() {
      update.clear();
      isHeld = true;
      return () => (isHeld = false);
    },
    close() {
      if (!isOver) finish();
      return Promise.resolve();
    },
  };
}
