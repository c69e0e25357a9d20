/** Output of `chat history`, on a terminal through a pager. */

import { allMatchSegments } from "../../core/markup/match.ts";
import type { Context } from "../context.ts";
import { eventColor, type Hits } from "../output/color.ts";
import { UnreadableRuns } from "../output/damage.ts";
import type { Pager } from "../output/pager.ts";
import {
  type DisplayRecord,
  destinationTitle,
  formatLongDay,
  renderRecord,
  type Style,
  styleOf,
} from "../output/render.ts";

interface PrinterOptions {
  readonly me: string | undefined;
  readonly pager: Pager | undefined;
  /** Parts of the next messages to mark. */
  readonly hits: () => Hits | undefined;
  /** Whether lines on a terminal show the numbers of messages. */
  readonly numbers: boolean;
  /** Whether all messages are of one room or person. */
  readonly hasOnePlace: boolean;
}

export class HistoryPrinter {
  readonly #style: Style;
  readonly #gaps: UnreadableRuns | undefined;
  #day = "";
  #place = "";

  constructor(
    private readonly context: Context,
    private readonly options: PrinterOptions,
  ) {
    const { me } = options;
    this.#style = styleOf(context, { me });
    this.#gaps = context.json ? undefined : new UnreadableRuns(me);
  }

  print(records: readonly DisplayRecord[]): Promise<void> {
    return this.#write(this.#gaps?.fold(records) ?? records);
  }

  /** Must be called after the last stored record. */
  end(): Promise<void> {
    return this.#write(this.#gaps?.remaining() ?? []);
  }

  /** On a terminal, a line tells the day, and the place stands where it changes. */
  #lines(record: DisplayRecord, style: Style): string {
    if (style.format !== "text") return renderRecord(record, style);
    const { hasOnePlace, numbers } = this.options;
    const day = formatLongDay(record.timeUnixMs, style.offsetMinutes);
    const place = destinationTitle(record, style.me);
    const isNewDay = day !== this.#day;
    const title = hasOnePlace ? `${place} · ${day}` : day;
    const heading = isNewDay ? `${eventColor(`── ${title} ──`, style.color)}\n` : "";
    const hidesPlace = hasOnePlace || (place === this.#place && !isNewDay);
    [this.#day, this.#place] = [day, place];
    const line = { ...style, stamp: "clock" as const, hidesPlace, hidesNumber: !numbers };
    return heading + renderRecord(record, line);
  }

  async #write(records: readonly DisplayRecord[]): Promise<void> {
    const { hits, pager } = this.options;
    const style = { ...this.#style, hits: hits(), hasColumns: true };
    const text = records.map((record) => this.#lines(record, style)).join("");
    if (pager !== undefined) return pager.write(text);
    this.context.stdout.write(text);
    await this.context.stdout.drained();
  }
}

/** Finds any of the texts, the longest one first. */
export function textHits(texts: readonly string[], ignoreCase: boolean): Hits | undefined {
  const marked = texts.filter((text) => text !== "" && !text.includes("\n"));
  if (marked.length === 0) return undefined;
  const sorted = marked.toSorted((a, b) => b.length - a.length);
  const pattern = new RegExp(sorted.map(RegExp.escape).join("|"), ignoreCase ? "giu" : "gu");
  return (text, mark) => text.replaceAll(pattern, mark);
}

/** Finds the words of a query, as a server does. */
export function wordHits(words: readonly string[]): Hits {
  const query = words.map((word) => `"${word}"`).join(" ");
  return (text, mark) =>
    allMatchSegments(text, query)
      .map(({ text, isMatch }) => (isMatch ? mark(text) : text))
      .join("");
}
