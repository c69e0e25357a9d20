/** Inbox on the full screen: what calls the account, then people, threads and rooms. */

import type { RoomId } from "../../../base/ids.ts";
import { formatTarget } from "../../../base/names.ts";
import { cleanText } from "../../../base/text.ts";
import type { InboxCall, InboxPlace } from "../../../core/client/inbox.ts";
import { plainLine } from "../../../core/markup/plain.ts";
import { loadedItem } from "../../../core/model/room.ts";
import type { Model } from "../../../core/model/state.ts";
import { targetTitle } from "../../../ui/text/target-text.ts";
import { dayAndClock, type Times } from "../../../ui/text/times.ts";
import { CALL_SIGNS } from "../../output/inbox.ts";
import {
  type InboxList,
  type InboxOverlay,
  type InboxRow,
  inboxActions,
  inboxChoices,
  inboxRows,
  isChoice,
  isEmptyInbox,
} from "../state/inbox.ts";
import type { ScreenTexts } from "../text/texts.ts";
import { nameWithin } from "./message.ts";
import type { Entry } from "./overlay.ts";
import { countText, limitedCount } from "./panels.ts";
import { cutLine, cutTo, fitLine, type StyledLine, splitLine, widthOf } from "./style.ts";

export interface InboxOptions {
  readonly overlay: InboxOverlay;
  readonly model: Model;
  readonly texts: ScreenTexts;
  readonly times: Times;
  readonly isNarrow: boolean;
  /** Whether there is room for a second pane. */
  readonly isWide: boolean;
}

const TEXT_UNITS_MAX = 1_000;
/** Width of a day and time such as `Sun 21:10`. */
const TIME_COLUMNS = 9;
/** Names are cut here, so that text remains visible. */
const NAME_COLUMNS_MAX = 20;
const NAME_COLUMNS_MIN = 6;
const COUNT_COLUMNS_MIN = 5;

export function inboxHeader(options: InboxOptions, columns: number): StyledLine {
  const { overlay, model, texts } = options;
  const { list } = overlay;
  const title: StyledLine = [{ text: ` ${texts.screen.inbox}`, role: "bar", bold: true }];
  if (list === undefined) {
    return splitLine(title, [{ text: `${texts.screen.loading} `, role: "bar-dim" }], columns);
  }
  const { callCount, unread, since } = list.inbox;
  const newer = newerPlaces(list, model);
  const when = since === undefined ? undefined : timeOf(since, options);
  const sum =
    newer > 0
      ? texts.screen.inboxNewer(newer)
      : isEmptyInbox(list)
        ? texts.screen.inboxEmpty
        : texts.screen.inboxSum(callCount, unread, when);
  return splitLine(title, [{ text: `${sum} `, role: "bar-dim" }], columns);
}

/** Number of places with more unread messages than the list says. */
function newerPlaces({ unread: listed }: InboxList, { rooms }: Model): number {
  return [...rooms.values()].filter(({ id, unread }) => unread > (listed.get(id) ?? 0)).length;
}

/** Returns exactly `height` lines, each as wide as the inbox. */
export function inboxEntries(
  options: InboxOptions,
  columns: number,
  height: number,
): readonly Entry[] {
  const { entries, top } = windowOf(options, columns, height);
  const visible = entries.slice(top, top + height);
  while (visible.length < height) visible.push({ line: [] });
  return visible.map(({ line, ...entry }) => ({ line: fitLine(line, columns), ...entry }));
}

export function inboxKeys({ overlay, texts }: InboxOptions, below: number): string {
  if (overlay.action !== undefined) return texts.screen.inboxActionKeys;
  const keys = inboxChoices(overlay).length === 0 ? [] : [texts.screen.inboxKeys];
  return [...(below > 0 ? [texts.screen.rowsBelow(below)] : []), ...keys].join(" · ");
}

/** Number of rows below the visible ones. */
export function inboxBelow(options: InboxOptions, columns: number, height: number): number {
  const { entries, top } = windowOf(options, columns, height);
  return Math.max(0, entries.length - top - height);
}

/** Returns all entries, and the first visible one, which centres the selected row. */
function windowOf(options: InboxOptions, columns: number, height: number) {
  const { entries, at } = entriesOf(options, columns, height);
  const top = Math.max(0, Math.min(at - Math.floor(height / 2), entries.length - height));
  return { entries, top };
}

function entriesOf(
  options: InboxOptions,
  columns: number,
  height: number,
): { readonly entries: readonly Entry[]; readonly at: number } {
  const { overlay, texts } = options;
  const { list } = overlay;
  if (list === undefined) return { entries: [], at: 0 };
  if (overlay.action !== undefined) return actionEntries(options, columns);
  const rows = inboxRows(overlay);
  const widths = widthsOf(rows, options);
  const isTall = (2 * rows.filter(({ kind }) => kind === "call").length + 1) * 2 <= height;
  const entries: Entry[] = [];
  if (isEmptyInbox(list)) entries.push({ line: [{ text: ` ${texts.screen.inboxAllRead}` }] });
  let choice = -1;
  let at = 0;
  for (const row of rows) {
    if (isChoice(row)) choice++;
    const isSelected = isChoice(row) && choice === overlay.selectedIndex;
    if (isSelected) at = entries.length;
    const lines = linesOf(row, isSelected, { ...options, widths, isTall, columns });
    for (const line of lines) {
      entries.push({
        line: cutLine(line, columns),
        ...(isChoice(row) ? { choice } : {}),
        ...(isSelected ? { background: "selected" } : {}),
      });
    }
  }
  return { entries, at };
}

function actionEntries({ overlay, texts, isWide }: InboxOptions, columns: number) {
  const choice = inboxChoices(overlay)[overlay.selectedIndex];
  const entries = inboxActions(choice, isWide).map((action, i): Entry => {
    const isSelected = i === overlay.action;
    const line: StyledLine = [
      { text: isSelected ? "▸ " : "  ", role: "prompt" },
      { text: texts.screen.inboxActions[action] },
    ];
    const background = isSelected ? ({ background: "selected" } as const) : {};
    return { line: cutLine(line, columns), choice: i, ...background };
  });
  return { entries, at: overlay.action ?? 0 };
}

interface Widths {
  readonly count: number;
  readonly callPlace: number;
  readonly place: Readonly<Record<string, number>>;
}

interface RowOptions extends InboxOptions {
  readonly widths: Widths;
  readonly isTall: boolean;
  readonly columns: number;
}

function widthsOf(rows: readonly InboxRow[], options: InboxOptions): Widths {
  const place: Record<string, number> = {};
  let count = COUNT_COLUMNS_MIN;
  let callPlace = NAME_COLUMNS_MIN;
  for (const row of rows) {
    if (row.kind === "call") {
      callPlace = Math.max(callPlace, widthOf(placeName(row.call.room, options)));
    }
    if (row.kind !== "place") continue;
    const time = timeOf(row.place.last?.timeUnixMs, options);
    count = Math.max(count, time.length + 1 + countOf(row.place).length - TIME_COLUMNS);
    const width = widthOf(placeName(row.place.room, options));
    place[row.group] = Math.max(place[row.group] ?? NAME_COLUMNS_MIN, width);
  }
  return { count, callPlace, place };
}

function linesOf(row: InboxRow, isSelected: boolean, options: RowOptions): readonly StyledLine[] {
  const { texts, isNarrow } = options;
  switch (row.kind) {
    case "heading":
      if (isNarrow) return [];
      return [[{ text: ` ${texts.screen.inboxGroups[row.group]}`, role: "title" }]];
    case "call":
      return callLines(row.call, isSelected, options);
    case "place":
      return [placeLine(row.place, row.group, isSelected, options)];
    case "more":
      return [
        [cursor(isSelected), { text: `  ${texts.screen.inboxMore(row.count)}`, role: "dim" }],
      ];
    default: {
      const names = row.places.map((place) => `${placeName(place.room, options)} ${place.unread}`);
      return [[{ text: `   ${texts.screen.inboxMuted(names.join(", "))}`, role: "dim" }]];
    }
  }
}

function callLines(call: InboxCall, isSelected: boolean, options: RowOptions): StyledLine[] {
  const { model, isNarrow, isTall, widths, columns } = options;
  const sign = CALL_SIGNS[call.reason];
  const from = call.from === undefined ? "" : nameOf(call.from, model);
  const head: StyledLine = [
    cursor(isSelected),
    { text: sign, role: "call" },
    { text: " ".repeat(Math.max(1, 3 - 1 - widthOf(sign))) },
  ];
  const time = timeOf(call.timeUnixMs, options);
  if (isNarrow) {
    const before = `${time} ${from}: `;
    const left = columns - widthOf(before) - 3;
    return [[...head, { text: before, role: "dim" }, { text: callText(call, options, left) }]];
  }
  const place = placeName(call.room, options);
  const first: StyledLine = [
    ...head,
    { text: time.padEnd(TIME_COLUMNS + 2), role: "dim" },
    { text: padded(place, widths.callPlace + 2), role: "accent" },
    { text: from, bold: true },
  ];
  if (isTall) return [first, [{ text: `   ${callText(call, options, columns - 3)}` }]];
  const used = 3 + TIME_COLUMNS + 2 + widths.callPlace + 2 + widthOf(from) + 2;
  return [[...first, { text: `  ${callText(call, options, columns - used)}` }]];
}

function placeLine(
  place: InboxPlace,
  group: string,
  isSelected: boolean,
  options: RowOptions,
): StyledLine {
  const { isNarrow, widths } = options;
  const name = placeName(place.room, options);
  const count = countOf(place);
  const role = place.calls > 0 ? "call" : "count";
  const text = placeText(place, options);
  if (isNarrow) {
    return [cursor(isSelected), { text: count, role }, { text: ` ${name} ` }, { text }];
  }
  const time = timeOf(place.last?.timeUnixMs, options);
  const blank = TIME_COLUMNS + widths.count - time.length - count.length;
  return [
    cursor(isSelected),
    { text: `  ${time}`, role: "dim" },
    { text: " ".repeat(Math.max(0, blank)) },
    count === "" ? { text: "" } : { text: count, role },
    { text: `  ${padded(name, (widths.place[group] ?? 0) + 2)}` },
    { text },
  ];
}

function cursor(isSelected: boolean): StyledLine[number] {
  return { text: isSelected ? "▸" : " ", role: "prompt" };
}

function countOf({ unread, calls, thread }: InboxPlace): string {
  if (thread !== undefined) return `@${limitedCount(unread)}`;
  if (unread === 0 && calls === 0) return "";
  return countText(calls, unread);
}

/** Text of a row, which comes last, so that right-to-left text cannot reorder the other cells. */
function placeText({ room, thread, last }: InboxPlace, { model }: InboxOptions): string {
  if (last === undefined) return "";
  const text = oneLine(last.text);
  const isOwn = room.kind === "person" && last.from?.toLowerCase() === room.name.toLowerCase();
  const said = isOwn || last.from === undefined ? text : `${nameOf(last.from, model)}: ${text}`;
  const loaded = model.rooms.get(room.id as RoomId);
  const root = loaded && thread !== undefined ? loadedItem(loaded, thread)?.text : undefined;
  return root === undefined || root === "" ? said : `${oneLine(root)} · ${said}`;
}

/** Begins at the call, if its beginning would not be visible. */
function callText(
  { reason, from, room, text = "" }: InboxCall,
  options: InboxOptions,
  columns: number,
) {
  const { texts, model } = options;
  // The name stands before it.
  if (reason === "hand") return from === undefined ? texts.screen.callsOnYou() : texts.callsYou;
  if (reason === "invite") {
    return texts.screen.inboxInvite(
      from === undefined ? texts.server : nameOf(from, model),
      room.name,
    );
  }
  const line = oneLine(text);
  const sign = `@${model.me ?? ""}`.toLowerCase();
  const at = reason === "mention" ? line.toLowerCase().indexOf(sign) : -1;
  if (at < 0 || widthOf(line.slice(0, at + sign.length)) < columns) return line;
  const sentence = Math.max(...[". ", "! ", "? ", "⏎ "].map((end) => line.lastIndexOf(end, at)));
  return `…${line.slice(sentence < 0 ? at : sentence + 2)}`;
}

function oneLine(text: string): string {
  const lines = text.split("\n").map((line) => line.trim());
  return plainLine(lines.filter((line) => line !== "").join(" ⏎ "), TEXT_UNITS_MAX);
}

function placeName(room: InboxCall["room"], { model }: InboxOptions): string {
  if (room.kind === "person") return nameOf(room.name, model);
  const target = formatTarget(room);
  return cutTo(cleanText(targetTitle(model, target)), NAME_COLUMNS_MAX);
}

function nameOf(account: string, model: Model): string {
  return cutTo(nameWithin(model, account, NAME_COLUMNS_MAX), NAME_COLUMNS_MAX);
}

function timeOf(unixMs: number | undefined, { texts, times }: InboxOptions): string {
  if (unixMs === undefined) return texts.screen.inboxNow;
  return cutTo(dayAndClock(times, unixMs), TIME_COLUMNS);
}

function padded(text: string, columns: number): string {
  return text + " ".repeat(Math.max(0, columns - widthOf(text)));
}
