import { drawCursor, drawRow, parseRows } from "./drawing.ts";
import type { TmuxSession, Window } from "./tmux-session.ts";

const CAPTURES_MAX = 200;
const CAPTURE_INTERVAL_MS = 40;
const TRANSIENT = /\d+ sending|\d+ %|Searching/;

export interface WindowPosition {
  readonly window: Window;
  readonly left: number;
  readonly top: number;
}

interface Span {
  readonly drawn: string;
  readonly fromMs: number;
  toMs: number;
}

/** Rows of windows over time. Equal rows are stored only once. */
export class Timeline {
  readonly #session: TmuxSession;
  readonly #windows: readonly WindowPosition[];
  readonly #spans = new Map<string, Span[]>();
  #nowMs = 0;

  constructor(session: TmuxSession, windows: readonly WindowPosition[]) {
    this.#session = session;
    this.#windows = windows;
  }

  async record(durationMs: number, active: Window): Promise<void> {
    const until = this.#nowMs + durationMs;
    for (const { window } of this.#windows) {
      const lines = await this.#stableCapture(window);
      const rows = parseRows(lines, window.columns).slice(0, window.rows);
      const cursor = window === active ? this.#session.cursor(window) : undefined;
      for (let i = 0; i < window.rows; i++) {
        const under = cursor?.row === i ? drawCursor(cursor.column) : "";
        this.#addSpan(`${window.name} ${i}`, under + drawRow(rows[i] ?? [], 0, 0), until);
      }
    }
    this.#nowMs = until;
  }

  render(rowHeight: number): string[] {
    const ids = new Map<string, string>();
    const lengths = new Set<number>();
    const uses: string[] = [];
    for (const { window, left, top } of this.#windows) {
      for (let i = 0; i < window.rows; i++) {
        for (const span of this.#spans.get(`${window.name} ${i}`) ?? []) {
          if (span.drawn === "") continue;
          const id = ids.get(span.drawn) ?? `r${ids.size}`;
          ids.set(span.drawn, id);
          const at = `href="#${id}" x="${left}" y="${top + i * rowHeight}"`;
          uses.push(`<use ${at}${this.#animation(span, lengths)}/>`);
        }
      }
    }
    const rows = [...ids].map(([drawn, id]) => `<g id="${id}">${drawn}</g>`);
    return [this.#styles(lengths), `<defs>\n${rows.join("\n")}\n</defs>`, ...uses];
  }

  #animation({ fromMs, toMs }: Span, lengths: Set<number>): string {
    const totalMs = this.#nowMs;
    if (fromMs === 0 && toMs === totalMs) return "";
    const lengthMs = toMs - fromMs;
    lengths.add(lengthMs);
    const last = toMs === totalMs ? " e" : "";
    return ` class="s${last} k${lengthMs}" style="animation-delay:${seconds(fromMs - totalMs)}"`;
  }

  #styles(lengths: ReadonlySet<number>): string {
    const totalMs = this.#nowMs;
    const frames = [...lengths].map((ms) => {
      const end = ((100 * ms) / totalMs).toFixed(4);
      const keyframes = `0%{visibility:visible}${end}%,100%{visibility:hidden}`;
      return `.k${ms}{animation-name:k${ms}}@keyframes k${ms}{${keyframes}}`;
    });
    const moving = `.s{animation:${seconds(totalMs)} step-end infinite}${frames.join("")}`;
    const rules = [
      ".s{visibility:hidden}.e{visibility:visible}",
      `@media (prefers-reduced-motion:no-preference){${moving}}`,
    ];
    return `<style>${rules.join("")}</style>`;
  }

  #addSpan(row: string, drawn: string, toMs: number): void {
    const spans = this.#spans.get(row) ?? [];
    const last = spans.at(-1);
    if (last?.drawn === drawn) last.toMs = toMs;
    else spans.push({ drawn, fromMs: this.#nowMs, toMs });
    this.#spans.set(row, spans);
  }

  async #stableCapture(window: Window): Promise<string[]> {
    let before = "";
    for (let i = 0; i < CAPTURES_MAX; i++) {
      const lines = this.#session.capture(window);
      const now = lines.join("\n");
      if (now === before && !TRANSIENT.test(now)) return lines;
      before = now;
      await Bun.sleep(CAPTURE_INTERVAL_MS);
    }
    throw new Error(`${window.name} does not stop changing:\n${before}`);
  }
}

function seconds(ms: number): string {
  return `${ms / 1000}s`;
}
