/** Head of the board: what concerns everybody now, one row each. */

import { formatSize } from "../../../base/sizes.ts";
import {
  formatLocalClock,
  formatLocalSince,
  HOUR_MS,
  type OffsetMinutes,
} from "../../../base/time.ts";
import type { Size } from "../../../io/terminal/device.ts";
import { firstName } from "../../../ui/text/event-text.ts";
import {
  cutLine,
  fitLine,
  lineWidth,
  type Span,
  type StyledLine,
  splitLine,
  widthOf,
} from "../../screen/view/style.ts";
import { wrapSpans } from "../../screen/view/wrap.ts";
import { type BoardFacts, type BoardState, DECISIONS_SHOWN_MAX, isFirstMinute } from "./state.ts";

export interface BoardProps {
  readonly state: BoardState;
  readonly facts: BoardFacts;
  readonly size: Size;
  readonly nowUnixMs: number;
  readonly offsetMinutes: OffsetMinutes;
}

/** Whole names, and two rows for a long one, from this width on. */
const WIDE_COLUMNS = 100;
/** Below, the head has only what lets people in. */
const FULL_HEAD = { columns: 60, rows: 20 } as const;
const HEAD_ROWS_MAX = 9;
/** Rows of a fault, which says what to do. */
const FAULT_ROWS_MAX = 2;
const HEAD_LABEL_COLUMNS = 11;
const GUIDE_COLUMNS = 13;
/** Below, the guide does not name the wall. */
const PROJECTOR_COLUMNS = 72;

export function isWideBoard({ columns }: Size): boolean {
  return columns >= WIDE_COLUMNS;
}

/** Reports whether there is no space for the whole head and for the rooms of messages. */
export function isCompactBoard({ columns, rows }: Size): boolean {
  return columns < FULL_HEAD.columns || rows < FULL_HEAD.rows;
}

/** The first name, unless the screen is wide or another person has it. */
export function shortName(name: string, { facts, size }: BoardProps): string {
  const { sharedFirstNames } = facts;
  if (isWideBoard(size) || sharedFirstNames === undefined) return name;
  const first = firstName(name);
  return sharedFirstNames.has(first) ? name : first;
}

export function headRows(props: BoardProps): readonly StyledLine[] {
  const { state, size } = props;
  const faults = faultRows(props);
  if (isFirstMinute(state)) {
    const guideHead = [...faults, nameRow(props), ...guideRows(props)];
    // Only a command or an address must be whole.
    const isWhole =
      guideHead.length < size.rows &&
      guideHead.every((row) => row[0]?.role === "title" || lineWidth(row) <= size.columns);
    if (isWhole || !isCompactBoard(size))
      return guideHead.slice(0, size.rows - 1).map((row) => cutLine(row, size.columns));
  }
  const max = Math.min(HEAD_ROWS_MAX, Math.floor(size.rows / 2));
  const rows = isCompactBoard(size)
    ? [...compactRows(props), ...handsRows(props)]
    : [
        nameRow(props),
        addressRow(props),
        ...handsRows(props),
        ...workRows(props),
        ...filesRows(props),
        ...hereRows(props),
        ...decidedRows(props),
      ];
  return [...faults, ...rows].slice(0, max);
}

function faultRows({ state, facts, size }: BoardProps): readonly StyledLine[] {
  const rows = [...state.faults.values()].flatMap((text) =>
    wrapSpans([{ text, role: "unread" }], size.columns - 3)
      .slice(0, FAULT_ROWS_MAX)
      .map((line, at): StyledLine => {
        const mark: Span = { text: at === 0 ? " ✗ " : "   ", role: "unread" };
        return fitLine([mark, ...line], size.columns);
      }),
  );
  if (!state.isDraining) return rows;
  const files =
    facts.transferCount === 1 ? "1 transfer is" : `${facts.transferCount} transfers are`;
  const text = ` The server stops when ${files} done. q changes this.`;
  return [...rows, fitLine([{ text, role: "unread" }], size.columns)];
}

function clock({ offsetMinutes, nowUnixMs }: BoardProps, unixMs: number): string {
  return formatLocalSince(unixMs, nowUnixMs, offsetMinutes);
}

function presence({ state, facts }: BoardProps): string {
  const { hereCount, accounts } = facts;
  if (hereCount === 0) return state.people.length === 0 ? "nobody here yet" : "nobody here";
  return `${hereCount} of ${Math.max(hereCount, accounts)} here`;
}

function nameRow(props: BoardProps): StyledLine {
  const { facts, size } = props;
  const right = `${presence(props)} · since ${clock(props, facts.sinceUnixMs)}`;
  return splitLine(
    [{ text: ` ${facts.name}`, role: "bar", bold: true }],
    [{ text: `${right} `, role: "bar-dim" }],
    size.columns,
  ).map((span) => (span.role === undefined ? { ...span, role: "bar" as const } : span));
}

function passwordText({ password }: BoardFacts["addresses"]): string {
  return password === undefined ? "no password" : `password ${password}`;
}

function addressRow({ facts: { addresses }, size }: BoardProps): StyledLine {
  const { page } = addresses;
  return fitLine([{ text: ` ${page} · ${passwordText(addresses)}` }], size.columns);
}

function compactRows(props: BoardProps): readonly StyledLine[] {
  const { facts, size } = props;
  const { page } = facts.addresses;
  const here: StyledLine = [{ text: `${presence(props)} `, role: "dim" }];
  return [
    splitLine([{ text: ` ${page}`, bold: true }], here, size.columns),
    fitLine([{ text: ` ${passwordText(facts.addresses)}` }], size.columns),
  ];
}

function labelled(label: string, spans: StyledLine): StyledLine {
  return [{ text: ` ${label.padEnd(HEAD_LABEL_COLUMNS - 1)}`, role: "dim" }, ...spans];
}

function handsRows(props: BoardProps): readonly StyledLine[] {
  const { facts, size } = props;
  const [first, ...others] = facts.hands;
  if (first === undefined) return [];
  const more = others.length === 0 ? "" : `, +${others.length}`;
  const right: StyledLine = [{ text: `${first.room}${more} `, role: "dim" }];
  const called: readonly Span[] =
    first.called === undefined
      ? []
      : [{ text: `▸ ${shortName(first.called, props)}`, role: "calls" }];
  const names = first.raised.map((name) => (name === "" ? "" : shortName(name, props)));
  const start = labelled("Hands", called);
  const gap = called.length > 0 && names.length > 0 ? " · " : "";
  const columns = size.columns - lineWidth(start) - lineWidth(right) - widthOf(gap) - 4;
  const hands = names.length === 0 ? "" : `${gap}✋ ${listed(names, columns)}`;
  return [splitLine([...start, { text: hands }], right, size.columns)];
}

/** As many names as fit, then the number of the others. */
function listed(names: readonly string[], columns: number, count = names.length): string {
  const known = names.filter((name) => name !== "");
  for (let shown = known.length; shown > 0; shown--) {
    const rest = count - shown;
    const text = known.slice(0, shown).join(", ") + (rest === 0 ? "" : ` +${rest}`);
    if (widthOf(text) <= columns || shown === 1) return text;
  }
  return `${count}`;
}

function workRows({ facts, size }: BoardProps): readonly StyledLine[] {
  if (facts.work.length === 0) return [];
  const parts = facts.work.map(({ room, handedIn, of, late }, at) => {
    const lateText = late === 0 ? "" : `, ${late} late`;
    return `${room} ${handedIn} of ${of}${at === 0 ? " handed in" : ""}${lateText}`;
  });
  return [fitLine(labelled("Work", [{ text: parts.join(" · ") }]), size.columns)];
}

function filesRows(props: BoardProps): readonly StyledLine[] {
  const { facts, size } = props;
  const { transfers, transferCount, freeBytes } = facts;
  const free = freeBytes === undefined ? [] : [`${formatSize(freeBytes)} free`];
  const named = transfers.map(({ name = "a private file", percent, user }) => {
    const progress = percent === undefined ? "" : ` ${percent} %`;
    return `${name}${progress}, ${shortName(user, props)}`;
  });
  const parts = (shown: number) => {
    const list = named.slice(0, shown).join(" · ");
    const moving = `${transferCount} in transfer${list === "" ? "" : `: ${list}`}`;
    return [...(transferCount === 0 ? [] : [moving]), ...free].join(" · ");
  };
  let shown = named.length;
  while (shown > 1 && widthOf(parts(shown)) > size.columns - HEAD_LABEL_COLUMNS) shown--;
  const text = parts(shown);
  return text === "" ? [] : [fitLine(labelled("Files", [{ text }]), size.columns)];
}

function hereRows(props: BoardProps): readonly StyledLine[] {
  const { facts, size } = props;
  if (facts.hereCount === 0) return [];
  const names = facts.here.map((name) => shortName(name, props));
  const columns = size.columns - HEAD_LABEL_COLUMNS - 1;
  const text = listed(names, isWideBoard(size) ? 2 * columns - 20 : columns, facts.hereCount);
  if (widthOf(text) <= columns) return [fitLine(labelled("Here", [{ text }]), size.columns)];
  const end = text.lastIndexOf(", ", columns);
  if (end < 0) return [fitLine(labelled("Here", [{ text }]), size.columns)];
  return [
    fitLine(labelled("Here", [{ text: text.slice(0, end + 1) }]), size.columns),
    fitLine(labelled("", [{ text: text.slice(end + 2) }]), size.columns),
  ];
}

function decidedRows({ state, size, nowUnixMs, offsetMinutes }: BoardProps): readonly StyledLine[] {
  const recent = state.rows.filter(
    ({ isDecision, unixMs }) => isDecision === true && unixMs > nowUnixMs - HOUR_MS,
  );
  return recent.slice(-DECISIONS_SHOWN_MAX).map(({ unixMs, text }, at) => {
    const time = formatLocalClock(unixMs, offsetMinutes);
    return fitLine(
      labelled(at === 0 ? "Decided" : "", [{ text: `${time} ${text}` }]),
      size.columns,
    );
  });
}

function guideRows(props: BoardProps): readonly StyledLine[] {
  const { facts, nowUnixMs } = props;
  const { addresses, operatorUntilUnixMs, data, freeBytes } = facts;
  const { page, password, command, link, operatorLink, others } = addresses;
  const free = freeBytes === undefined ? "" : ` · ${formatSize(freeBytes)} free`;
  const wall = props.size.columns < PROJECTOR_COLUMNS ? "" : ", w fills the screen for a projector";
  const phone = guide("phone", `c shows a QR code${wall}`);
  const isOpen = operatorUntilUnixMs !== undefined && nowUnixMs < operatorUntilUnixMs;
  const operator = isOpen
    ? [
        heading(
          "Make yourself the operator, in your browser " +
            `(once, until ${clock(props, operatorUntilUnixMs)})`,
        ),
        ...wrapSpans([{ text: operatorLink }], props.size.columns - 4).map((line) => [
          { text: "   " },
          ...line,
        ]),
      ]
    : [];
  return [
    heading("Let people in"),
    guide("browser", page),
    guide("password", password ?? "none: anybody may register"),
    ...(link === undefined ? [] : [phone]),
    ...(command === undefined ? [] : [guide("terminal", command)]),
    ...others.map(([label, text]) => guide(label, text)),
    guide("one person", "i makes an invite; chat admin invite"),
    ...operator,
    heading("A class from a list"),
    [{ text: "   chat admin accounts import class.csv --cards cards.html" }],
    [{ text: ` Data in ${data}${free}`, role: "dim" }],
  ];
}

function heading(text: string): StyledLine {
  return [{ text: ` ${text}`, role: "title" }];
}

function guide(label: string, text: string): StyledLine {
  return [{ text: `   ${label.padEnd(GUIDE_COLUMNS)}`, role: "dim" }, { text }];
}
