/**
 * Owns the view on a terminal: finished lines scroll away above, and below them stands what is under way right now.
 * Knows nothing of what is said; only where it stands and how often it is drawn.
 */
import { createLogUpdate } from 'log-update';
import { createLiveView } from './live.js';
import { createNarrator, type NarrateOptions } from './narrate.js';
import { urgentWait, waitOf } from './pace.js';
import { createRecap } from './recap/recap.js';
import type { Reporter } from './reporter.js';
import { widthOf } from './visible.js';

export interface Terminal extends NodeJS.WritableStream {
  readonly columns?: number;
  readonly rows?: number;
}

interface TtyOptions extends NarrateOptions {
  readonly out: Terminal;
  readonly logFile?: string | undefined;
  readonly retryFile?: string | undefined;
  /** False where the terminal shows no more than ASCII. */
  readonly isUtf8?: boolean;
  /** As the terminal gets narrower, it wraps what stands there, and does not cut it off. */
  readonly isWrapping?: boolean;
  /** Between two pictures. */
  readonly frameMs?: number;
  readonly now?: () => number;
}

export function createTtyReporter(options: TtyOptions): Reporter {
  const { out, paint, frameMs = 120, now = () => performance.now() } = options;
  // What went well is counted in the live view.
  const narrator = createNarrator({ ...options, isTerse: true });
  // A column stays free, so that no terminal wraps by itself.
  const columns = (): number => (out.columns ?? 80) - 1;
  const recap = createRecap({ ...options, columns });
  const live = createLiveView({ paint, isUtf8: options.isUtf8 ?? true });
  // The cursor stays as it is: a killed zrun leaves no terminal without one.
  const update = createLogUpdate(out, { showCursor: true });
  /** What stands below. */
  let picture: readonly string[] = [];
  let timer: NodeJS.Timeout | undefined;
  let isOver = false;
  let isHeld = false;
  /** When the play or the batch began; since when lines wait, and urgent ones. Undefined where none does. */
  let begunAt = now();
  let waitsSince: number | undefined;
  let urgentSince: number | undefined;

  /** What is to be written above the picture by now. */
  function due(): string {
    const time = now();
    const isDue =
      isOver ||
      narrator.isSingle ||
      narrator.isFull ||
      (waitsSince !== undefined &&
        !(narrator.isPatient && waitsSince > Number.NEGATIVE_INFINITY) &&
        time - waitsSince >= waitOf(narrator.hostCount, waitsSince - begunAt));
    const isUrgent = urgentSince !== undefined && time - urgentSince >= urgentWait;
    if (isDue || isUrgent) urgentSince = undefined;
    if (isDue) waitsSince = undefined;
    return isDue ? narrator.drain() : isUrgent ? narrator.drainUrgent() : '';
  }

  function draw(): void {
    if (isHeld) return;
    const text = due();
    // A row stays free, so that no terminal scrolls by itself.
    const size = { columns: columns(), rows: (out.rows ?? 24) - 2 };
    const before = picture;
    picture = isOver ? [] : live.render(size, now());
    // With another number of lines, log-update leaves some of the old ones where the last lines of both are equal.
    if (text !== '' || picture.length !== before.length) update.clear();
    // Not by `persist`, which cuts off what is higher than the terminal.
    if (text !== '') out.write(text);
    if (picture.length > 0) update(picture.join('\n'));
  }

  /**
   * Lines of the picture that are two by now, or three, are to be erased as such. What a terminal that got lower has
   * scrolled away is out of anybody's reach.
   */
  function redraw(): void {
    const width = Math.max(1, out.columns ?? 80);
    const more = picture.reduce((sum, line) => sum + Math.max(1, Math.ceil(widthOf(line) / width)) - 1, 0);
    if (options.isWrapping !== false && !isHeld) out.write('\u001b[2K\u001b[1A'.repeat(more));
    draw();
  }

  function finish(): void {
    if (isOver) return;
    isOver = true;
    isHeld = false;
    clearInterval(timer);
    out.off('resize', redraw);
    update.clear();
    update.done();
    draw();
  }

  return {
    tell(event) {
      if (timer === undefined && !isOver) {
        timer = setInterval(draw, frameMs).unref();
        out.on('resize', redraw);
      }
      const time = now();
      narrator.tell(event);
      recap.tell(event);
      live.tell(event, time);
      if (event.type === 'play-started' || event.type === 'batch-started') {
        begunAt = time;
        // Its heading does not wait.
        waitsSince = Number.NEGATIVE_INFINITY;
      }
      if (!narrator.isEmpty) waitsSince ??= time;
      if (narrator.isUrgent) urgentSince ??= time;
      // Whoever presses Ctrl-C looks for an answer now, and what follows may keep this process busy.
      if (event.type === 'run-stopping') waitsSince = Number.NEGATIVE_INFINITY;
      if (narrator.isFull || event.type === 'run-stopping') draw();
      if (event.type !== 'run-finished') return;
      finish();
      out.write(recap.format());
    },
    hold() {
      update.clear();
      picture = [];
      out.write(narrator.drain());
      isHeld = true;
      return () => (isHeld = false);
    },
    close() {
      finish();
      return Promise.resolve();
    },
  };
}
