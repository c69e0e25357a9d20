/** Notices between the timeline and the status line. */

import { cleanText } from "../../../base/text.ts";
import { oneLine } from "../../../core/markup/plain.ts";
import { isSameName } from "../../../core/model/item.ts";
import {
  draftKey,
  filesInProgress,
  findItem,
  openThreadRoot,
  unreadBefore,
} from "../../../core/model/selectors.ts";
import type { Model, TransferView } from "../../../core/model/state.ts";
import { authorText, quotedText } from "../../../ui/text/event-text.ts";
import { targetText, targetTitle } from "../../../ui/text/target-text.ts";
import type { ScreenNote, ScreenQuestion } from "../state/screen-state.ts";
import { faultLineIn, type ScreenTexts } from "../text/texts.ts";
import { progressLine } from "./message.ts";
import { cutLine, cutTo, type StyledLine, widthOf } from "./style.ts";
import { wrapSpans } from "./wrap.ts";

/** Beyond this number per kind, a line with a count replaces the remaining notices. */
const NOTICES_PER_KIND_MAX = 3;
const NAME_COLUMNS = 24;
/** Columns of the rule before the title of a menu. */
const ANSWERS_COLUMNS = 7;
/** With less space, only faults and notes are displayed. */
const OTHER_NOTICES_HEIGHT_MIN = 2;

export interface NoticeOptions {
  readonly model: Model;
  readonly notes: readonly ScreenNote[];
  /** A long question is displayed here as well, because the status line cuts it off. */
  readonly question?: ScreenQuestion | undefined;
  readonly texts: ScreenTexts;
  /** The messages of these files display the transfer's progress, so no notice is needed. */
  readonly visibleFiles: ReadonlySet<string>;
}

export function noticeLines(
  { model, notes, question, texts, visibleFiles }: NoticeOptions,
  columns: number,
  height: number,
): readonly StyledLine[] {
  if (height <= 0) return [];
  const isYesNo = question?.kind === "yes-no" && height >= OTHER_NOTICES_HEIGHT_MIN;
  const isLong = isYesNo && widthOf(question.text) + ANSWERS_COLUMNS > columns;
  const lines = [
    ...(height < OTHER_NOTICES_HEIGHT_MIN ? [] : offeredLines(model, texts, columns)),
    ...(height < OTHER_NOTICES_HEIGHT_MIN
      ? []
      : transferLines(model, texts, visibleFiles, columns)),
    ...model.faults.flatMap(({ fault }) =>
      noteLines({ text: faultLineIn(texts, fault), tone: "fault" }, columns),
    ),
    ...notes.flatMap((note) => noteLines(note, columns)),
    ...markedReadLines(model, texts, columns),
    ...(isLong ? noteLines({ text: question.text, tone: "plain" }, columns) : []),
  ];
  if (lines.length <= height) return lines;
  const hidden = lines.length - height + 1;
  const countLine: StyledLine = [{ text: `  ${texts.screen.moreAbove(hidden)}`, role: "dim" }];
  return [countLine, ...lines.slice(hidden)].slice(0, height);
}

/** Shown while the user can undo it. */
function markedReadLines(model: Model, texts: ScreenTexts, columns: number) {
  const count = unreadBefore(model.allRead ?? new Map());
  if (count === 0) return [];
  const text = texts.screen.markedRead(count.toLocaleString(texts.lang));
  return noteLines({ text, tone: "plain" }, columns);
}

function noteLines({ text, tone }: ScreenNote, columns: number): readonly StyledLine[] {
  const clean = cleanText(text, { lines: true, tabs: true });
  const role = tone === "fault" ? "danger" : "text";
  const sign = tone === "fault" ? "! " : "  ";
  return wrapSpans([{ text: clean, role }], Math.max(2, columns - 2)).map((line, i) =>
    columns < 4 ? cutLine(line, columns) : [{ text: i === 0 ? sign : "  ", role }, ...line],
  );
}

function offeredLines(model: Model, texts: ScreenTexts, columns: number): readonly StyledLine[] {
  const offered = filesInProgress(model);
  const openRoot = openThreadRoot(model);
  const lines = offered.slice(0, NOTICES_PER_KIND_MAX).map(({ from, name, thread }): StyledLine => {
    const isElsewhere = thread !== undefined && thread !== openRoot;
    const textOf = isElsewhere ? texts.threadFileInProgress : texts.fileInProgress;
    const text = `  ${textOf(cleanText(from), oneLine(name, 200))}`;
    return cutLine([{ text, role: "dim" }], columns);
  });
  return withCount(lines, offered.length, texts);
}

function transferLines(
  model: Model,
  texts: ScreenTexts,
  visibleFiles: ReadonlySet<string>,
  columns: number,
): readonly StyledLine[] {
  const listed = [...model.transfers.values()].filter(
    ({ kind, file, state }) =>
      state.kind !== "done" && (kind === "upload" || file === undefined || !visibleFiles.has(file)),
  );
  const lines = listed
    .slice(0, NOTICES_PER_KIND_MAX)
    .map((transfer) => transferLine(transfer, texts, columns));
  return withCount(lines, listed.length, texts);
}

function transferLine(transfer: TransferView, texts: ScreenTexts, columns: number): StyledLine {
  const { kind, name, to } = transfer;
  const sign = kind === "upload" ? "↑" : "↓";
  const recipients = kind === "upload" ? ` ${texts.sendingTo(to.map(targetText).join(", "))}` : "";
  const fileName = cutTo(oneLine(name, 200), Math.min(NAME_COLUMNS, Math.floor(columns / 3)));
  const line: StyledLine = [
    { text: `${sign} `, role: "progress" },
    { text: fileName, role: "file" },
    { text: `${recipients}  `, role: "dim" },
    ...progressLine(transfer, { texts }),
  ];
  return cutLine(line, columns);
}

function withCount(
  lines: readonly StyledLine[],
  total: number,
  texts: ScreenTexts,
): readonly StyledLine[] {
  if (total <= lines.length) return lines;
  return [...lines, [{ text: `  ${texts.screen.moreCount(total - lines.length)}`, role: "dim" }]];
}

export function draftContextLine(
  model: Model,
  texts: ScreenTexts,
  columns: number,
): StyledLine | undefined {
  const { open } = model;
  const root = openThreadRoot(model);
  const draft = open === undefined ? undefined : draftOf(model, draftKey(open, root));
  const seq = draft?.edits ?? draft?.re;
  if (draft === undefined || seq === undefined) {
    if (root === undefined || open === undefined) return undefined;
    const head: StyledLine = [{ text: `${texts.thread}: `, role: "accent" }];
    const hint = texts.screen.threadHint(targetTitle(model, open));
    return cutLine([...head, { text: hint, role: "dim" }], columns);
  }
  const item = findItem(model, seq);
  const name = item === undefined ? "" : authorText(item, texts, model);
  const label = draft.edits === undefined ? texts.replyingTo(name) : texts.editing;
  const quoted = item === undefined ? "" : quotedText(item, 300);
  const hint = ` (${texts.screen.escCancels})`;
  const head: StyledLine = [{ text: `${label}: `, role: "accent" }];
  const quoteColumns = columns - widthOf(`${label}: `) - widthOf(hint);
  if (quoteColumns < 8) return cutLine([...head, { text: quoted, role: "quote" }], columns);
  return [
    ...head,
    { text: cutTo(quoted, quoteColumns), role: "quote" },
    { text: hint, role: "dim" },
  ];
}

function draftOf(model: Model, open: string) {
  const draft = model.drafts.get(open);
  if (draft !== undefined) return draft;
  for (const [target, draft] of model.drafts) if (isSameName(target, open)) return draft;
  return undefined;
}
