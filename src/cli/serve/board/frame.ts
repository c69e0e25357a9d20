/** Layout of the board: head, list or code, menu and keys. */

import { counted } from "../../../base/sizes.ts";
import { cleanText } from "../../../base/text.ts";
import { formatLocal, formatLocalClock } from "../../../base/time.ts";
import type { QrDrawing } from "../../output/qr.ts";
import { visualLines } from "../../screen/editor/editor.ts";
import {
  cutLine,
  fitLine,
  fitTo,
  lineWidth,
  type Span,
  type StyledLine,
  splitLine,
  widthOf,
} from "../../screen/view/style.ts";
import { wrapSpans } from "../../screen/view/wrap.ts";
import type { JoinAddresses } from "../join-info.ts";
import { type BoardProps, headRows, isCompactBoard, isWideBoard, shortName } from "./head.ts";
import { menuLabels, menuTitle } from "./menus.ts";
import {
  type BoardDialog,
  type BoardRow,
  type BoardState,
  endOfRows,
  isFirstMinute,
  listedRows,
} from "./state.ts";
import { wallKeyRow, wallLines } from "./wall-frame.ts";

/** Row of the screen: a row of a QR code, if any, and what is at the right of it. */
export interface BoardLine {
  readonly code?: string;
  readonly spans: StyledLine;
}

export interface BoardFrame {
  readonly lines: readonly BoardLine[];
  readonly cursor: { readonly row: number; readonly column: number } | undefined;
}

/** Draws a QR code; `undefined` if it is wider than the columns. */
export type CodePainter = (
  text: string,
  columns: number,
  isLarge?: boolean,
) => QrDrawing | undefined;

const KEYS: readonly (readonly [key: string, label: string])[] = [
  ["i", "invite"],
  ["a", "announce"],
  ["c", "code"],
  ["w", "wall"],
  ["l", "log"],
  ["v", "connections"],
  ["?", "help"],
  ["q", "stop"],
];
/** Keys that a narrow screen omits, the first one first. */
const OMITTED_KEYS = ["v", "a", "i"];

const HELP: readonly (readonly [key: string, text: string])[] = [
  ["i", "Invite people, by a link and a QR code"],
  ["a", "Publish or withdraw an announcement"],
  ["c", "QR code of the server's page, with the password"],
  ["w", "Wall for a projector: whose hand is next, the poll, work, the code"],
  ["l", "Log; / finds in it"],
  ["v", "Show or hide connections among the messages"],
  ["PageUp", "Scroll; Ctrl-End shows the newest row"],
  ["q", "Stop the server; Ctrl-C twice stops it now"],
  ["Ctrl-Z", "Suspend, until fg"],
];
/** Commands for another terminal. */
const HELP_COMMANDS: readonly (readonly [command: string, text: string])[] = [
  ["chat admin invite", "Invite, for a room or a program, too"],
  ["chat admin accounts import class.csv", "Create accounts from a list"],
  ["chat admin reset NAME", "Let somebody choose a new password"],
  ["chat admin mute NAME --room ROOM", "Let somebody read, but not post"],
  ["chat admin kick NAME --room ROOM", "Remove somebody from a room"],
  ["chat admin ban NAME", "Ban an account or an address"],
  ["chat admin grant NAME", "Make somebody an operator"],
  ["chat admin log --since 30d", "Events and decisions"],
  ["chat help class", "Guides"],
];
const HELP_COLUMNS = 39;
/** Width of the longest kind of an event, "disconnected". */
const LABEL_COLUMNS = 12;

export function boardFrame(props: BoardProps, paintCode: CodePainter): BoardFrame {
  const { state, size } = props;
  const { dialog, view } = state;
  const height = Math.max(1, size.rows - 1);
  const bottom = bottomRows(props);
  const free = Math.max(0, height - bottom.rows.length);
  const body = bodyLines(props, dialog, view, free, paintCode).slice(0, free);
  const blank = Array.from({ length: free - body.length }, (): BoardLine => ({ spans: [] }));
  const lines = [
    ...body,
    ...blank,
    ...bottom.rows.map((spans) => ({ spans })),
    { spans: keyRow(props) },
  ].map((line) => ({ ...line, spans: cleaned(line.spans) }));
  const { cursor } = bottom;
  return { lines, cursor: cursor && { ...cursor, row: free + cursor.row } };
}

/** Cleans texts once more, in case one was not cleaned when it was received. */
function cleaned(spans: StyledLine): StyledLine {
  return spans.map((span) => ({ ...span, text: cleanText(span.text) }));
}

function bodyLines(
  props: BoardProps,
  dialog: BoardDialog | undefined,
  view: BoardState["view"],
  height: number,
  paintCode: CodePainter,
): readonly BoardLine[] {
  const { facts, size } = props;
  const area = { columns: size.columns, rows: height };
  if (dialog?.kind === "invited") {
    const { title, addresses } = dialog.invite;
    const texts = [title, ...inviteTexts(addresses)];
    return codeLines(addresses.link, texts, { size: area, paintCode, isAbove: true });
  }
  if (view === "wall") return wallLines(props, area, paintCode);
  if (view === "code") {
    const { addresses, name } = facts;
    const { link, page, password } = addresses;
    const texts = [name, page, password === undefined ? "no password" : `password ${password}`];
    return codeLines(link, texts, { size: area, paintCode, isAbove: false });
  }
  const rows =
    view === "log"
      ? logView(props, height)
      : view === "help"
        ? helpRows(props, height)
        : mainRows(props, height);
  return rows.map((spans) => ({ spans }));
}

function inviteTexts({ link, inviteCommand, page }: JoinAddresses): readonly string[] {
  return [link ?? page, ...(inviteCommand === undefined ? [] : [inviteCommand])];
}

interface CodeOptions {
  readonly size: BoardProps["size"];
  readonly paintCode: CodePainter;
  /** Whether texts are preferred above the code, where a link can be selected. */
  readonly isAbove: boolean;
}

const BESIDE_COLUMNS_MIN = 16;

/** A QR code with texts above it or at its right, wherever there is space. */
function codeLines(
  link: string | undefined,
  texts: readonly string[],
  { size: { columns, rows }, paintCode, isAbove }: CodeOptions,
): readonly BoardLine[] {
  const wrapped = (width: number) => texts.map((text) => wrapSpans([{ text }], Math.max(2, width)));
  const above = wrapped(columns - 2)
    .flat()
    .map((spans) => ({ spans: [{ text: " " }, ...spans] }));
  const code = link === undefined ? undefined : paintCode(link, columns - 2);
  if (code === undefined || code.lines.length > rows) {
    const reason =
      link === undefined
        ? "Other machines cannot reach this page, so there is no QR code."
        : "The terminal is too small for the QR code.";
    return [...above, { spans: [{ text: ` ${reason}`, role: "dim" }] }];
  }
  const bare = code.lines.map((row) => ({ code: ` ${row}`, spans: [] }));
  const fitsAbove = above.length + bare.length <= rows;
  if (isAbove && fitsAbove) return [...above, ...bare];
  const width = columns - code.columns - 4;
  const beside = wrapped(width).flatMap((lines) => [...lines, []]);
  if (width >= BESIDE_COLUMNS_MIN && beside.length <= rows) {
    const count = Math.max(bare.length, beside.length);
    return Array.from({ length: count }, (_, at) => ({
      ...(bare[at] ?? {}),
      spans: [{ text: "  " }, ...(beside[at] ?? [])],
    }));
  }
  return fitsAbove ? [...above, ...bare] : bare;
}

function mainRows(props: BoardProps, height: number): readonly StyledLine[] {
  const { state } = props;
  const head = headRows(props).slice(0, height);
  const rows = listedRows(state);
  const left = height - head.length;
  const isEmpty = rows.length === 0 && state.privateCount + state.encryptedCount === 0;
  if (state.isQuiet || left < 2 || (isFirstMinute(state) && isEmpty)) return head;
  return [...head, messagesRule(props), ...visibleRows(rows, props, left - 1, messageRows)];
}

function messagesRule({ state, size }: BoardProps): StyledLine {
  const { privateCount, encryptedCount, bottom } = state;
  const counts = [
    ...(privateCount === 0 ? [] : [`${privateCount} private`]),
    ...(encryptedCount === 0 ? [] : [`${encryptedCount} encrypted`]),
    ...(bottom === undefined ? [] : ["Ctrl-End: newest"]),
  ];
  const label = ["Messages", ...counts].join(" · ");
  const start: StyledLine = [
    { text: "── ", role: "rule" },
    { text: label, role: "title" },
  ];
  const rest = Math.max(0, size.columns - lineWidth(start) - 1);
  return cutLine([...start, { text: ` ${"─".repeat(rest)}`, role: "rule" }], size.columns);
}

/** The rows that end at the visible end, newest last. */
function visibleRows(
  rows: readonly BoardRow[],
  props: BoardProps,
  height: number,
  layout: (row: BoardRow, props: BoardProps) => readonly StyledLine[],
): readonly StyledLine[] {
  let lines: readonly StyledLine[] = [];
  const end = endOfRows(rows, props.state.bottom);
  for (let at = end - 1; at >= 0 && lines.length < height; at--) {
    const row = rows[at];
    if (row === undefined) break;
    const added = layout(row, props);
    if (lines.length + added.length > height)
      return [...added.slice(lines.length - height), ...lines];
    lines = [...added, ...lines];
  }
  return lines;
}

/** The text is last, so that right-to-left text cannot reorder what is before it. */
function messageRows(row: BoardRow, props: BoardProps): readonly StyledLine[] {
  const { size, offsetMinutes } = props;
  const wide = isWideBoard(size);
  const [roomColumns, nameColumns] = wide ? [16, 24] : [10, 11];
  const isInRoom = row.label.startsWith("#");
  const room = isCompactBoard(size) ? "" : `${fitTo(isInRoom ? row.label : "", roomColumns)} `;
  const name = row.from === undefined ? "--" : shortName(row.from, props);
  const before: readonly Span[] = [
    { text: ` ${formatLocalClock(row.unixMs, offsetMinutes)} ${room}`, role: "dim" },
    { text: `${fitTo(name, nameColumns)} `, bold: row.from !== undefined },
  ];
  const indent = lineWidth(before);
  const columns = Math.max(2, size.columns - indent);
  const text: Span =
    row.from === undefined
      ? { text: isInRoom ? row.text : `${row.label} ${row.text}`, role: "event" }
      : { text: row.text };
  if (!wide) return [cutLine([...before, text], size.columns)];
  const [first = [], second, third] = wrapSpans([text], columns);
  const more: StyledLine =
    third === undefined ? (second ?? []) : [...(second ?? []), { text: " …" }];
  const rest =
    second === undefined ? [] : [[{ text: " ".repeat(indent) }, ...cutLine(more, columns)]];
  return [[...before, ...first], ...rest];
}

function logView(props: BoardProps, height: number): readonly StyledLine[] {
  const { state, size } = props;
  const rows = listedRows(state);
  const query = state.search?.editor.text.trim() ?? "";
  const found = query === "" ? "" : ` with "${query}"`;
  const title: StyledLine = [
    { text: ` Log · ${counted(rows.length, "line")}${found}`, role: "title" },
  ];
  const keys: StyledLine = [{ text: "/ finds · Esc ", role: "dim" }];
  return [splitLine(title, keys, size.columns), ...visibleRows(rows, props, height - 1, logRows)];
}

/** Notices, which contain addresses and fingerprints, are whole. */
function logRows({ unixMs, kind, label, from, text }: BoardRow, props: BoardProps) {
  const { offsetMinutes, size } = props;
  const time = formatLocal(unixMs, offsetMinutes).slice("2026-11-26 ".length);
  const before: StyledLine = [
    { text: ` ${time} `, role: "dim" },
    { text: `${fitTo(label, LABEL_COLUMNS)} ` },
  ];
  const indent = lineWidth(before);
  const whole: Span = { text: from === undefined ? text : `${from}: ${text}` };
  if (kind !== "notice") return [cutLine([...before, whole], size.columns)];
  const lines = wrapSpans([whole], Math.max(2, size.columns - indent));
  return lines.map((line, at) => [
    ...(at === 0 ? before : [{ text: " ".repeat(indent) }]),
    ...line,
  ]);
}

function helpRows({ state, size }: BoardProps, height: number): readonly StyledLine[] {
  const row = ([key, text]: readonly [string, string], columns: number): StyledLine => [
    { text: `   ${fitTo(key, columns)} `, role: "prompt" },
    { text },
  ];
  const heading = (text: string): StyledLine => [{ text: ` ${text}`, role: "title" }];
  const rows = [
    heading("Keys"),
    ...HELP.map((one) => row(one, 8)),
    heading("In another terminal"),
    ...HELP_COMMANDS.map((one) => row(one, Math.min(HELP_COLUMNS, size.columns - 8))),
  ].map((line) => cutLine(line, size.columns));
  const top = Math.min(state.helpTop, Math.max(0, rows.length - height));
  return rows.slice(top, top + height);
}

interface BottomRows {
  readonly rows: readonly StyledLine[];
  readonly cursor?: { readonly row: number; readonly column: number };
}

const EDITOR_ROWS_MAX = 4;

/** Menu or text field above the keys. */
function bottomRows(props: BoardProps): BottomRows {
  const { state, facts, size } = props;
  const { dialog, search } = state;
  if (dialog?.kind === "menu") {
    const { menu, selectedIndex } = dialog;
    const entries = menuLabels(menu, facts).map((label, at): StyledLine => {
      const isSelected = at === selectedIndex;
      const text = ` ${isSelected ? "▸" : " "} ${label}`;
      return fitLine([isSelected ? { text, role: "selected" } : { text }], size.columns);
    });
    const title: StyledLine = [{ text: ` ${menuTitle(menu, facts)}`, role: "title" }];
    return { rows: [rule(size.columns), cutLine(title, size.columns), ...entries] };
  }
  if (dialog?.kind === "announce") {
    const field = editorRows(dialog.editor, size.columns);
    const title: StyledLine = [{ text: " Announcement to all rooms:", role: "title" }];
    const rows = [rule(size.columns), title, ...field.rows];
    return { rows, cursor: { row: field.row + 2, column: field.column } };
  }
  if (search?.isTyping === true && state.view === "log") {
    const { text, cursor } = search.editor;
    const column = 2 + widthOf(text.slice(0, cursor));
    const line = cutLine([{ text: " /", role: "prompt" }, { text }], size.columns);
    return { rows: [line], cursor: { row: 0, column: Math.min(column, size.columns - 1) } };
  }
  return { rows: [] };
}

function rule(columns: number): StyledLine {
  return [{ text: "─".repeat(columns), role: "rule" }];
}

function editorRows(
  { text, cursor }: { readonly text: string; readonly cursor: number },
  columns: number,
) {
  const lines = visualLines(text, Math.max(2, columns - 2));
  const at = Math.max(
    0,
    lines.findLastIndex(({ from }) => from <= cursor),
  );
  const top = Math.max(0, at - EDITOR_ROWS_MAX + 1);
  const visible = lines.slice(top, top + EDITOR_ROWS_MAX);
  const rows = visible.map(({ from, to }): StyledLine => [{ text: ` ${text.slice(from, to)}` }]);
  const start = lines[at]?.from ?? 0;
  return { rows, row: at - top, column: 1 + widthOf(text.slice(start, cursor)) };
}

function keyRow(props: BoardProps): StyledLine {
  const { state, facts, size } = props;
  const { dialog, note } = state;
  if (note !== undefined)
    return fitLine([{ text: ` ${note}`, role: "bar", bold: true }], size.columns);
  if (state.view === "wall" && dialog === undefined) return wallKeyRow(props);
  const hint = dialog === undefined ? undefined : dialogHint(dialog, facts.hereCount);
  if (hint !== undefined) return fitLine([{ text: ` ${hint}`, role: "bar" }], size.columns);
  const line = (omitted: readonly string[]): StyledLine =>
    KEYS.filter(([key]) => !omitted.includes(key)).flatMap(
      ([key, label], at): StyledLine => [
        { text: at === 0 ? " " : "  " },
        { text: key, role: "prompt" },
        { text: ` ${label}` },
      ],
    );
  let omitted = 0;
  while (
    omitted < OMITTED_KEYS.length &&
    lineWidth(line(OMITTED_KEYS.slice(0, omitted))) > size.columns
  )
    omitted++;
  return cutLine(line(OMITTED_KEYS.slice(0, omitted)), size.columns);
}

function dialogHint(dialog: BoardDialog, people: number): string {
  if (dialog.kind === "invited") return "Esc closes";
  if (dialog.kind === "menu") return "↑ ↓ Enter · Esc changes nothing";
  if (!dialog.isConfirming) return "Enter shows it · Esc changes nothing";
  return `Enter publishes to ${people === 1 ? "1 person" : `${people} people`} · Esc`;
}

/** Rows by which a page scrolls. */
export function pageRows(props: BoardProps): number {
  const { state, size } = props;
  const height = Math.max(2, size.rows - 1);
  if (state.view !== "messages") return Math.max(1, height - 2);
  const left = height - headRows(props).length - 1;
  return Math.max(1, isWideBoard(size) ? Math.floor(left / 2) : left - 1);
}
