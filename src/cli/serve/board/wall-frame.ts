/**
 * Layout of the board's wall: address, password and code at the left, and what is live at the
 * right. No text of a person is on it but polls, a moderator's line and the announcement.
 */

import { cleanText } from "../../../base/text.ts";
import { formatLocalClock } from "../../../base/time.ts";
import { ENGLISH_WALL } from "../../../ui/messages/en/wall.ts";
import type { WallCall, WallPerson, WallPoll, WallView } from "../../../ui/wall/wall-view.ts";
import type { QrDrawing } from "../../output/qr.ts";
import {
  fitLine,
  lineWidth,
  type StyledLine,
  splitLine,
  widthOf,
} from "../../screen/view/style.ts";
import { wrapSpans } from "../../screen/view/wrap.ts";
import { bigText } from "./big-letters.ts";
import type { BoardLine, CodePainter } from "./frame.ts";
import { type BoardProps, isCompactBoard } from "./head.ts";

interface Area {
  readonly columns: number;
  readonly rows: number;
}

/** From this size on, a pixel has two cells. */
const LARGE = { columns: 120, rows: 38 } as const;
const WALL_INDENT = 3;
/** Between the code and what is live. */
const GAP = 2;
/** Columns without which nothing is written beside the code. */
const LIVE_COLUMNS_MIN = 24;
const BAR_COLUMNS_MIN = 4;
/** Rows for a heading, large letters and the hands behind them. */
const BIG_ROWS_MIN = 5;
const OPTION_COLUMNS_MAX = 24;

export function wallLines(
  props: BoardProps,
  area: Area,
  paintCode: CodePainter,
): readonly BoardLine[] {
  const head = doorRows(props, area);
  const body = { columns: area.columns, rows: area.rows - head.length };
  const code = isCompactBoard(props.size) ? undefined : codeOf(props, body, paintCode);
  const codeColumns = code === undefined ? 1 : 1 + code.columns;
  const gap = " ".repeat(GAP);
  const live = liveRows(props, { columns: body.columns - codeColumns - GAP, rows: body.rows });
  const beside = code === undefined ? live : [[], ...live];
  const count = Math.min(body.rows, Math.max(code?.lines.length ?? 0, beside.length));
  return [
    ...head.map((spans) => ({ spans: fitLine(spans, area.columns) })),
    ...Array.from({ length: count }, (_, at): BoardLine => {
      const spans: StyledLine = [{ text: gap }, ...(beside[at] ?? [])];
      if (code === undefined) return { spans: fitLine(spans, area.columns) };
      const row = code.lines[at];
      const blank = { text: " ".repeat(codeColumns) };
      return row === undefined ? { spans: [blank, ...spans] } : { code: ` ${row}`, spans };
    }),
  ];
}

function isLargeWall({ columns, rows }: Area): boolean {
  return columns >= LARGE.columns && rows >= LARGE.rows;
}

/** Title, address and password. Nothing of the address is cut. */
function doorRows(props: BoardProps, area: Area): readonly StyledLine[] {
  const { facts, size, nowUnixMs, offsetMinutes } = props;
  const { offlineSinceUnixMs } = facts;
  const clock =
    offlineSinceUnixMs === undefined
      ? formatLocalClock(nowUnixMs, offsetMinutes)
      : ENGLISH_WALL.offline(formatLocalClock(offlineSinceUnixMs, offsetMinutes));
  const title = splitLine(
    [{ text: ` ${facts.name}`, bold: true }],
    [{ text: `${clock} `, role: "dim" }],
    area.columns,
  );
  const { page, password } = facts.addresses;
  const [, scheme = "", host = page] = /^(https?:\/\/)(.*?)\/?$/.exec(page) ?? [];
  const indent = { text: " ".repeat(WALL_INDENT) };
  const columns = area.columns - 2 * WALL_INDENT;
  const isCompact = isCompactBoard(size);
  const large = isLargeWall(size) ? bigText(host, columns, true) : undefined;
  const big = isCompact ? undefined : (large ?? bigText(host, columns, false));
  const address: readonly StyledLine[] =
    big === undefined
      ? wrapSpans([{ text: page, bold: true }], columns).map((line) => [indent, ...line])
      : [
          [indent, { text: scheme }],
          ...big.map((text): StyledLine => [indent, { text, bold: true }]),
        ];
  const rows = [title, ...(isCompact ? [[]] : []), ...address];
  if (password === undefined) return [...rows, [indent, { text: "no password" }]];
  const label = "password  ";
  const spaced = [...password].join(" ");
  const text = widthOf(label) + widthOf(spaced) <= columns ? spaced : password;
  return [...rows, [indent, { text: label }, { text, bold: true }]];
}

function codeOf(
  { facts, size }: BoardProps,
  { columns, rows }: Area,
  paintCode: CodePainter,
): QrDrawing | undefined {
  const { link } = facts.addresses;
  if (link === undefined) return undefined;
  const sizes = isLargeWall(size) ? [true, false] : [false];
  for (const isLarge of sizes) {
    const code = paintCode(link, columns - LIVE_COLUMNS_MIN - GAP - 1, isLarge);
    if (code !== undefined && code.lines.length <= rows) return code;
  }
  return undefined;
}

/** Parts from the top: the turn, the poll, work, the timer, who is here. */
function liveRows(props: BoardProps, area: Area): readonly StyledLine[] {
  const { facts, size } = props;
  if (facts.wall === undefined) return [];
  const { view: wall, work } = facts.wall;
  const { call, poll, timer } = wall;
  const isLarge = isLargeWall(size);
  const { workCount, handedIn } = ENGLISH_WALL;
  const time = timer && (timer.isUp ? ENGLISH_WALL.timeUp : timer.text);
  const isTimerTop = call === undefined && time !== undefined;
  const here = hereRows(props, wall, area.columns);
  const parts: readonly (readonly StyledLine[])[] = [
    call === undefined ? [] : turnRows(call, wall, area, isLarge),
    isTimerTop ? bigRows(time, area, isLarge) : [],
    poll === undefined ? [] : pollRows(poll, area.columns),
    work.map(({ room, handedIn: done, of }) => [
      { text: `${cleanText(room)}   ${workCount(done, of)} ${handedIn}` },
    ]),
    isTimerTop || time === undefined ? [] : [[{ text: time, bold: true }]],
  ];
  const isCompact = isCompactBoard(size);
  // A small terminal has the turn or the time alone.
  const live = [...(isCompact ? parts.slice(0, 2) : [...parts, here])];
  const rows: StyledLine[] = [];
  for (const part of live.filter(({ length }) => length > 0)) {
    const added = rows.length === 0 ? part : [[], ...part];
    // The first part, such as the turn, is shown also where nothing else fits.
    if (rows.length > 0 && rows.length + added.length > area.rows - 1) continue;
    rows.push(...added);
  }
  if (rows.length === 0) {
    return [[{ text: "Scan the code, or type the address.", bold: true }]];
  }
  return rows.map((row) => fitLine(row, area.columns));
}

function turnRows(
  call: WallCall,
  { queue, moreHands }: WallView,
  area: Area,
  isLarge: boolean,
): readonly StyledLine[] {
  const heading = call.speaks ? ENGLISH_WALL.speaks : ENGLISH_WALL.next;
  const names = queue.map(shownName);
  const more = (count: number) => (count === 0 ? "" : ` +${count}`);
  let shown = names.length;
  const text = () => {
    const hidden = names.length - shown + moreHands;
    return `${ENGLISH_WALL.thenHands(names.slice(0, shown).join(", "))}${more(hidden)}`;
  };
  while (shown > 1 && widthOf(text()) > area.columns) shown--;
  return [
    [{ text: heading, role: "dim" }],
    ...bigRows(shownName(call), area, isLarge),
    ...(names.length === 0 ? [] : [[{ text: text() }]]),
  ];
}

/** Without names, the place in the queue. */
function shownName({ name, place }: WallPerson): string {
  if (name !== "") return name;
  return place === undefined ? "✋" : `${place}`;
}

/** Large letters if there are forms for them and they fit, else a row between blank ones. */
function bigRows(text: string, { columns, rows }: Area, isLarge: boolean): readonly StyledLine[] {
  const plain = wrapSpans([{ text, role: "calls" }], columns);
  if (rows < BIG_ROWS_MIN) return plain;
  const big = (isLarge ? bigText(text, columns, true) : undefined) ?? bigText(text, columns, false);
  if (big === undefined) return [[], ...plain, []];
  return big.map((row) => [{ text: row, bold: true }]);
}

function pollRows(poll: WallPoll, columns: number): readonly StyledLine[] {
  const { question, bars, isHidden, isClosed, voted, of } = poll;
  const count = isClosed
    ? ENGLISH_WALL.pollClosed
    : isHidden
      ? ENGLISH_WALL.voted(voted, of)
      : `${voted} ${voted === 1 ? "vote" : "votes"}`;
  const title = splitLine(
    [{ text: question.replaceAll(/\s+/g, " "), bold: true }],
    [{ text: count, role: "dim" }],
    columns,
  );
  const widest = Math.max(...bars.map(({ option }) => widthOf(option)));
  const optionColumns = Math.min(widest, OPTION_COLUMNS_MAX, Math.floor(columns / 2));
  const digits = `${Math.max(1, ...bars.map(({ count: votes = 0 }) => votes))}`.length;
  const barColumns = columns - optionColumns - digits - 6;
  const most = Math.max(1, ...bars.map(({ count: votes = 0 }) => votes));
  const rows = bars.map(({ option, count: votes, isFirst }): StyledLine => {
    const label = fitLine([{ text: option, bold: isFirst }], optionColumns);
    if (votes === undefined) return [{ text: "  " }, ...label];
    const length = barColumns < BAR_COLUMNS_MIN ? 0 : Math.round((votes * barColumns) / most);
    const bar = "█".repeat(length).padEnd(Math.max(0, barColumns));
    return [
      { text: "  " },
      ...label,
      { text: `  ${bar}  ` },
      { text: `${votes}`.padStart(digits), bold: isFirst },
    ];
  });
  const note = isHidden ? [[{ text: ENGLISH_WALL.votesAtEnd, role: "dim" } as const]] : [];
  return [title, ...rows, ...note];
}

function hereRows({ facts }: BoardProps, { here }: WallView, columns: number) {
  const { hereCount, accounts } = facts;
  if (hereCount === 0) return [];
  const count = ENGLISH_WALL.hereOf(hereCount, Math.max(hereCount, accounts));
  const rows: StyledLine[] = [[{ text: count, role: "dim" }]];
  let names = "";
  for (const { name } of here.faces) {
    const longer = names === "" ? name : `${names}  ${name}`;
    if (name === "" || widthOf(longer) > columns) break;
    names = longer;
  }
  return names === "" ? rows : [...rows, [{ text: names }]];
}

/** Keys for a while after one was pressed, else the announcement or the moderator's line. */
export function wallKeyRow({ state, facts, size }: BoardProps): StyledLine {
  const keys = " w or Esc board · n names · q stop";
  if (state.wallKeysSeconds > 0) return fitLine([{ text: keys, role: "bar" }], size.columns);
  const text = facts.announcement ?? facts.wall?.view.line ?? "";
  const line: StyledLine = [{ text: `   ${cleanText(text)}`, bold: true }];
  return lineWidth(line) > size.columns ? fitLine(line, size.columns) : line;
}
