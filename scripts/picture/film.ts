import { drawCursor, drawRow, rowsOf } from "./drawing.ts";
import type { Stage, Window } from "./stage.ts";

/** Captures until two in a row are the same. */
const CAPTURES_MAX = 200;
const BETWEEN_MS = 40;
/** What one run shows, and the next one is too quick for. */
const BUSY = /\d+ sending|\d+ %|Searching/;

/** Where the first row of a window stands. */
export interface Place {
  readonly window: Window;
  readonly left: number;
  readonly top: number;
}

/** What a row showed, and when. */
interface Span {
  readonly drawn: string;
  readonly fromMs: number;
  toMs: number;
}

/** Rows of windows over time. A row that stays, moves or comes again is in the file once. */
export class Film {
  readonly #stage: Stage;
  readonly #places: readonly Place[];
  /** By window and row. */
  readonly #spans = new Map<string, Span[]>();
  #nowMs = 0;

  constructor(stage: Stage, places: readonly Place[]) {
    this.#stage = stage;
    this.#places = places;
  }

  /** Shows what all windows show now. @param active has the cursor */
  async keep(forMs: number, active: Window): Promise<void> {
    const until = this.#nowMs + forMs;
    for (const { window } of this.#places) {
      const lines = await this.#settled(window);
      const rows = rowsOf(lines, window.columns).slice(0, window.rows);
      const cursor = window === active ? this.#stage.cursor(window) : undefined;
      for (let i = 0; i < window.rows; i++) {
        const under = cursor?.row === i ? drawCursor(cursor.column) : "";
        this.#note(`${window.name} ${i}`, under + drawRow(rows[i] ?? [], 0, 0), until);
      }
    }
    this.#nowMs = until;
  }

  /** What the file holds: styles, each drawn row once, and where it stands when. */
  develop(rowHeight: number): string[] {
    const ids = new Map<string, string>();
    const lengths = new Set<number>();
    const uses: string[] = [];
    for (const { window, left, top } of this.#places) {
      for (let i = 0; i < window.rows; i++) {
        for (const span of this.#spans.get(`${window.name} ${i}`) ?? []) {
          if (span.drawn === "") continue;
          const id = ids.get(span.drawn) ?? `r${ids.size}`;
          ids.set(span.drawn, id);
          const at = `href="#${id}" x="${left}" y="${top + i * rowHeight}"`;
          uses.push(`<use ${at}${this.#shownIn(span, lengths)}/>`);
        }
      }
    }
    const rows = [...ids].map(([drawn, id]) => `<g id="${id}">${drawn}</g>`);
    return [this.#styles(lengths), `<defs>\n${rows.join("\n")}\n</defs>`, ...uses];
  }

  /** Hidden where nothing moves, unless it is of the last moment. */
  #shownIn({ fromMs, toMs }: Span, lengths: Set<number>): string {
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
      const shown = `0%{visibility:visible}${end}%,100%{visibility:hidden}`;
      return `.k${ms}{animation-name:k${ms}}@keyframes k${ms}{${shown}}`;
    });
    const moving = `.s{animation:${seconds(totalMs)} step-end infinite}${frames.join("")}`;
    const rules = [
      ".s{visibility:hidden}.e{visibility:visible}",
      `@media (prefers-reduced-motion:no-preference){${moving}}`,
    ];
    return `<style>${rules.join("")}</style>`;
  }

  #note(row: string, drawn: string, toMs: number): void {
    const spans = this.#spans.get(row) ?? [];
    const last = spans.at(-1);
    if (last?.drawn === drawn) last.toMs = toMs;
    else spans.push({ drawn, fromMs: this.#nowMs, toMs });
    this.#spans.set(row, spans);
  }

  async #settled(window: Window): Promise<string[]> {
    let before = "";
    for (let i = 0; i < CAPTURES_MAX; i++) {
      const lines = this.#stage.capture(window);
      const now = lines.join("\n");
      if (now === before && !BUSY.test(now)) return lines;
      before = now;
      await Bun.sleep(BETWEEN_MS);
    }
    throw new Error(`${window.name} does not come to rest:\n${before}`);
  }
}

function seconds(ms: number): string {
  return `${ms / 1000}s`;
}
