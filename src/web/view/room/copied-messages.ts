/** Text of a selection of several messages: their authors and texts, without buttons and times. */

import { useEffect, useRef } from "react";
import { isMessage } from "../../../core/model/item.ts";
import type { Row } from "../../../core/model/rows.ts";
import { authorText } from "../../../ui/text/event-text.ts";
import { personText } from "../../../ui/text/person-text.ts";
import { type PageValue, usePage } from "../shell/context.tsx";
import { combined, listen } from "../shell/effects.ts";
import { selectedRange } from "../shell/selected-range.ts";

/** Parts of a message that nobody wants to copy. */
const OMITTED = [
  ".tools, .reactions, .readers, .message-head, .action-line time, .avatar, .role, .account-name",
  ".slip, .quote, .pinned, .thread-link, .fold-button, .fold-link, .code > .icon-button",
  ".picture-tools, .file-line .icon-button, .refused .button",
].join();

type MessageRow = Extract<Row, { kind: "item" | "pending" }>;
/** Row of a list, or the beginning of a room. */
type ListRow = Row | { readonly kind: "beginning"; readonly key: string };

/**
 * End of the selection in a row. It outlives the row's element, which a list removes once it is far
 * out of view.
 */
interface SelectionEnd {
  readonly key: string;
  readonly node: Node;
  readonly offset: number;
}

interface SelectionEnds {
  readonly start: SelectionEnd | undefined;
  readonly end: SelectionEnd | undefined;
}

type Draw = (rows: readonly MessageRow[]) => readonly Element[];

/**
 * @param content element whose children are the rows' elements, with their keys
 * @param draw draws rows outside of the view and returns their messages
 */
export function useCopiedMessages(
  content: () => HTMLElement | null,
  rows: readonly ListRow[],
  draw: Draw,
): void {
  const page = usePage();
  const ends = useRef<SelectionEnds>(NO_ENDS);
  useEffect(() => {
    const onSelect = () => {
      ends.current = selectionEnds(content(), ends.current);
    };
    const onPointerDown = ({ button, shiftKey }: PointerEvent) => {
      if (button === 0 && !shiftKey) ends.current = NO_ENDS;
    };
    const onCopy = (event: ClipboardEvent) => {
      const element = content();
      const isField = event.target instanceof Element && event.target.matches("input, textarea");
      if (element === null || isField) return;
      ends.current = selectionEnds(element, ends.current);
      const text = copiedText(element, ends.current, { page, rows, draw });
      if (text === undefined) return;
      event.clipboardData?.setData("text/plain", text);
      event.preventDefault();
    };
    return combined(
      listen(document, "selectionchange", onSelect),
      listen(document, "pointerdown", onPointerDown, { capture: true }),
      listen(document, "copy", onCopy),
    );
  }, [content, page, rows, draw]);
}

const NO_ENDS: SelectionEnds = { start: undefined, end: undefined };

function selectionEnds(content: HTMLElement | null, before: SelectionEnds): SelectionEnds {
  const range = selectedRange();
  if (content === null || range === undefined) return NO_ENDS;
  const { startContainer, startOffset, endContainer, endOffset } = range;
  return {
    start: endAt(content, startContainer, startOffset, before.start),
    end: endAt(content, endContainer, endOffset, before.end),
  };
}

function endAt(
  content: HTMLElement,
  node: Node,
  offset: number,
  before: SelectionEnd | undefined,
): SelectionEnd | undefined {
  if (!content.contains(node)) return undefined;
  const element = node instanceof Element ? node : node.parentElement;
  const key = element?.closest<HTMLElement>("[data-key]")?.dataset["key"];
  if (key !== undefined) return { key, node, offset };
  // The browser moves an end of the selection out of an element that is removed.
  return before?.node.isConnected === false ? before : undefined;
}

interface CopyContext {
  readonly page: PageValue;
  readonly rows: readonly ListRow[];
  readonly draw: Draw;
}

/** @returns `undefined` if the selection is within one message, so that the browser copies it */
function copiedText(
  content: HTMLElement,
  { start, end }: SelectionEnds,
  { page, rows, draw }: CopyContext,
): string | undefined {
  const range = selectedRange();
  if (range === undefined) return undefined;
  const ends = [
    { end: start, at: indexOf(start, rows) ?? firstSelected(content, rows, range) },
    { end, at: indexOf(end, rows) ?? lastSelected(content, rows, range) },
  ].sort((one, other) => one.at - other.at);
  const [from, to] = [ends[0], ends[1]];
  if (from === undefined || to === undefined) return undefined;
  const selected = rows.slice(Math.max(0, from.at), to.at + 1).filter(isMessageRow);
  if (selected.length < 2) return undefined;
  const drawn = draw(selected);
  const texts = selected.map((row, i) => {
    const selectedFrom = from.end?.key === row.key ? from.end : undefined;
    const selectedTo = to.end?.key === row.key ? to.end : undefined;
    const article = messageOf(selectedFrom ?? selectedTo) ?? drawn[i];
    const text = article && textOf(article, selectedFrom, selectedTo);
    return { row, text: text ?? "" };
  });
  return texts
    .filter(({ text }) => text !== "")
    .map(({ row, text }, i) => {
      const author = i === 0 || !row.isGrouped ? authorOf(row, page) : undefined;
      return author === undefined ? text : `${author}: ${text}`;
    })
    .join("\n");
}

function indexOf(end: SelectionEnd | undefined, rows: readonly ListRow[]): number | undefined {
  const at = end === undefined ? -1 : rows.findIndex(({ key }) => key === end.key);
  return at < 0 ? undefined : at;
}

/** Index of the first row after the selection's start, which is in no row. */
function firstSelected(content: HTMLElement, rows: readonly ListRow[], range: Range): number {
  const { startContainer, startOffset } = range;
  const isBefore = rangeOf(content).comparePoint(startContainer, startOffset) < 0;
  if (isBefore) return 0;
  return childIndex(content, rows, startContainer, startOffset) ?? rows.length;
}

function lastSelected(content: HTMLElement, rows: readonly ListRow[], range: Range): number {
  const { endContainer, endOffset } = range;
  const isAfter = rangeOf(content).comparePoint(endContainer, endOffset) > 0;
  if (isAfter) return rows.length - 1;
  return childIndex(content, rows, endContainer, endOffset - 1) ?? -1;
}

function rangeOf(element: Element): Range {
  const range = document.createRange();
  range.selectNodeContents(element);
  return range;
}

function childIndex(
  content: HTMLElement,
  rows: readonly ListRow[],
  container: Node,
  offset: number,
): number | undefined {
  const child = container === content ? content.children[offset] : undefined;
  const key = child instanceof HTMLElement ? child.dataset["key"] : undefined;
  const at = rows.findIndex((row) => row.key === key);
  return at < 0 ? undefined : at;
}

function isMessageRow(row: ListRow): row is MessageRow {
  return row.kind === "pending" || (row.kind === "item" && isMessage(row.item));
}

/** @returns `undefined` for an action, whose text begins with the author */
function authorOf(row: MessageRow, { chat, texts }: PageValue): string | undefined {
  if (row.kind === "pending") return personText(chat.model, chat.model.me ?? "");
  if (row.item.kind === "action") return undefined;
  return authorText(row.item, texts, chat.model);
}

function messageOf(end: SelectionEnd | undefined): Element | null | undefined {
  const element = end?.node instanceof Element ? end.node : end?.node.parentElement;
  return element?.closest("article.message");
}

function textOf(article: Element, from?: SelectionEnd, to?: SelectionEnd): string {
  const range = rangeOf(article);
  if (from !== undefined && article.contains(from.node)) range.setStart(from.node, from.offset);
  if (to !== undefined && article.contains(to.node)) range.setEnd(to.node, to.offset);
  // Only an element in the document has lines.
  const copy = document.createElement("div");
  copy.className = "copied";
  copy.append(range.cloneContents());
  for (const part of copy.querySelectorAll(OMITTED)) part.remove();
  document.body.append(copy);
  // biome-ignore lint/performance/useDomNodeTextContent: only `innerText` has the lines of blocks
  const text = copy.innerText.trim();
  copy.remove();
  return text;
}
