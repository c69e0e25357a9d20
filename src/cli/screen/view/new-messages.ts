/** Line of new messages with the card below it, and the rail at the right of the timeline. */

import { UNREAD_COUNTED_MAX } from "../../../base/limits.ts";
import { type RoomCatchUp, railPosition } from "../../../core/model/catch-up.ts";
import { isMessage } from "../../../core/model/item.ts";
import type { NewMessages } from "../../../core/model/new-messages.ts";
import { firstItem, type Row, type Rows } from "../../../core/model/rows.ts";
import { openRoom } from "../../../core/model/selectors.ts";
import type { Model } from "../../../core/model/state.ts";
import { dayAndClock } from "../../../ui/text/times.ts";
import { CARD_KEY, callsAmong, cardParts, catchUpOfState } from "../state/card.ts";
import type { ScreenState } from "../state/screen-state.ts";
import type { RowOptions } from "./message.ts";
import { cutLine, cutTo, type Span, type StyledLine, widthOf } from "./style.ts";

/** Contents of the line of new messages and of the card below it. */
export interface NewMessagesView {
  /** 0 if the number is not known. */
  readonly unread: number;
  readonly sinceUnixMs: number | undefined;
  readonly calls: NewMessages["calls"];
  /** `undefined` without a card, `loading` until the server has summed up the messages. */
  readonly card: RoomCatchUp | "loading" | undefined;
  /** `undefined` in a thread. */
  readonly messages: NewMessages | undefined;
}

/** Returns `undefined` without the line of new messages. */
export function newMessagesView(
  { rows, hasNewer }: Rows,
  state: Pick<ScreenState, "newMessages" | "loadedCatchUp">,
  model: Model,
): NewMessagesView | undefined {
  const room = openRoom(model);
  const isKnown = room?.thread === undefined && state.newMessages?.room === room?.id;
  const messages = isKnown ? state.newMessages : undefined;
  const at = rows.findIndex(({ key }) => key === CARD_KEY);
  if (at < 0 && messages === undefined) return undefined;
  const first = at < 0 ? undefined : rows.find((row, i) => i > at && row.kind === "item");
  const catchUp = messages?.hasCard === true ? catchUpOfState(state) : "missing";
  return {
    unread: messages?.unread || (at < 0 || hasNewer ? 0 : rows.slice(at + 1).filter(isNew).length),
    sinceUnixMs: first?.kind === "item" ? firstItem(first).timeUnixMs : undefined,
    calls: messages === undefined ? [] : callsAmong(messages, catchUp),
    card: catchUp === "missing" ? undefined : (catchUp ?? "loading"),
    messages,
  };
}

function isNew(row: Row): boolean {
  return row.kind === "item" && isMessage(row.item) && !row.item.isMine;
}

/** The line is as wide as the timeline, the card as wide as the messages. */
export function newMessagesLines(
  view: NewMessagesView | undefined,
  options: RowOptions,
  nameOf: (user: string) => string,
): readonly StyledLine[] {
  const width = options.columns + (options.railColumns ?? 0);
  const line = lineOf(
    view === undefined ? options.texts.newMessages : labelOf(view, options),
    width,
  );
  if (view?.card === undefined) return [line];
  return [line, ...cardLines(view, view.card, options, nameOf)];
}

function labelOf({ unread, sinceUnixMs, calls, card }: NewMessagesView, options: RowOptions) {
  const { texts, times } = options;
  if (unread === 0) return texts.newMessages;
  const more = unread >= UNREAD_COUNTED_MAX ? "+" : "";
  const count = `${unread.toLocaleString(texts.lang)}${more}`;
  const since = sinceUnixMs === undefined ? undefined : dayAndClock(times, sinceUnixMs);
  const label = texts.screen.newSince(count, since);
  // A narrow card names them.
  const isNamed = calls.length === 0 || (options.isNarrow === true && card !== undefined);
  const part = texts.keys.cardPart.calls(`${calls.length}`);
  const full = `${label} · ${part}`;
  const isFitting = widthOf(full) + LINE_COLUMNS <= options.columns;
  return calls.length === 0 || (isNamed && !isFitting) ? label : full;
}

/** Columns of the line that are not its text. */
const LINE_COLUMNS = 4;

function lineOf(label: string, columns: number): StyledLine {
  const text = cutTo(label, Math.max(1, columns - LINE_COLUMNS));
  const rule = Math.max(0, columns - widthOf(text) - LINE_COLUMNS);
  return [{ text: cutTo(`── ${text} ${"─".repeat(rule)}`, columns), role: "unread" }];
}

const PEOPLE_NAMED_MAX = 3;

function cardLines(
  { calls }: NewMessagesView,
  card: RoomCatchUp | "loading",
  options: RowOptions,
  nameOf: (user: string) => string,
): readonly StyledLine[] {
  const { texts, isNarrow = false, columns } = options;
  if (card === "loading") return isNarrow ? [[]] : [[], []];
  const { screen, keys } = texts;
  const named = card.people.map(({ user, unread }) => `${nameOf(user)} ${unread}`);
  const peopleText = (count: number) => screen.cardPeople(card.authors, named.slice(0, count));
  if (isNarrow) {
    const forYou = calls.length === 0 ? [] : [keys.cardPart.calls(`${calls.length}`)];
    return [cutLine([{ text: ` ${[peopleText(0), ...forYou].join(" · ")}` }], columns)];
  }
  let count = PEOPLE_NAMED_MAX;
  while (count > 0 && widthOf(peopleText(count)) + 1 > columns) count--;
  const parts = cardParts(card)
    .filter(({ kind }) => kind !== "calls")
    .map((part) => keys.cardPart[part.kind](part.count));
  const sum = [...parts, ...(card.isPartial ? [texts.catchUp.partial] : [])].join(" · ");
  const walks = calls.length === 0 ? "" : `${sum === "" ? "" : " · "}${screen.cardWalks}`;
  const isFitting = widthOf(` ${sum}${walks}`) <= columns;
  const hint: Span[] = isFitting || sum === "" ? [{ text: walks, role: "dim" }] : [];
  const lines: StyledLine[] = [[{ text: ` ${peopleText(count)}` }], [{ text: ` ${sum}` }, ...hint]];
  return lines.slice(0, `${sum}${walks}` === "" ? 1 : 2).map((line) => cutLine(line, columns));
}

/** Columns of the rail and the blank before it. */
export const RAIL_COLUMNS = 2;
/** Columns of a message before its text, to estimate how many lines it takes. */
const GUTTER_COLUMNS = 18;

/** Reports whether more than one page is new. */
export function isLongerThanPage(
  { rows, hasNewer }: Rows,
  view: NewMessagesView,
  page: { readonly columns: number; readonly rows: number },
): boolean {
  if (view.messages === undefined) return false;
  if (hasNewer || view.unread > page.rows) return true;
  const width = Math.max(1, page.columns - GUTTER_COLUMNS);
  let lines = 0;
  for (let at = rows.length - 1; at >= 0 && lines <= page.rows; at--) {
    const row = rows[at];
    if (row === undefined || row.key === CARD_KEY) return false;
    const length = row.kind === "item" ? widthOf(row.item.text) : 0;
    lines += Math.max(1, Math.ceil(length / width));
  }
  return lines > page.rows;
}

/** Rows of the timeline from the first line below the line of new messages on. */
export interface RailPart {
  readonly rows: number;
  /** The first and the last visible message, by their `n`. */
  readonly visible: { readonly from: number; readonly to: number };
}

/** Returns the rail from top to bottom: the visible part, the rest, and the calls. */
export function railSpans(
  { messages, calls }: NewMessagesView,
  { rows, visible }: RailPart,
): readonly Span[] {
  if (messages === undefined || rows <= 0) return [];
  const range = {
    first: { n: messages.read + 1, seq: 0 },
    last: { n: Math.max(messages.last, visible.to), seq: 0 },
  };
  const rowOf = (n: number) => Math.min(rows - 1, Math.floor(railPosition(range, n - 1) * rows));
  const [from, to] = [rowOf(visible.from), rowOf(visible.to)];
  const called = new Set(calls.map(({ n }) => rowOf(n)));
  return Array.from({ length: rows }, (_, row): Span => {
    if (called.has(row)) return { text: "@", role: "calls" };
    return { text: from <= row && row <= to ? "┃" : "│", role: "rule" };
  });
}
