/** Text of a selection of several messages: their authors and texts, without buttons and times. */

import { useEffect } from "react";
import { listen } from "../shell/effects.ts";

/** Parts of a message that nobody wants to copy. */
const OMITTED = ".tools, .reactions, .readers, .message-head time, .avatar, .role, .account-name";

export function useCopiedMessages(section: { readonly current: HTMLElement | null }): void {
  useEffect(() => {
    const onCopy = (event: ClipboardEvent) => {
      const text = copiedText(section.current);
      if (text === undefined) return;
      event.clipboardData?.setData("text/plain", text);
      event.preventDefault();
    };
    return listen(document, "copy", onCopy);
  }, [section]);
}

/** @returns `undefined` if the selection is within one message, so that the browser copies it */
function copiedText(section: HTMLElement | null): string | undefined {
  const selection = getSelection();
  if (section === null || selection === null || selection.isCollapsed) return undefined;
  const selected = [...section.querySelectorAll<HTMLElement>("article.message")].filter((message) =>
    selection.containsNode(message, true),
  );
  if (selected.length < 2) return undefined;
  const range = selection.getRangeAt(0);
  return selected.map((message) => textOf(message, range)).join("\n");
}

function textOf(message: HTMLElement, selection: Range): string {
  const range = document.createRange();
  range.selectNodeContents(message);
  if (selection.compareBoundaryPoints(Range.START_TO_START, range) > 0)
    range.setStart(selection.startContainer, selection.startOffset);
  if (selection.compareBoundaryPoints(Range.END_TO_END, range) < 0)
    range.setEnd(selection.endContainer, selection.endOffset);
  // Only an element in the document has lines.
  const copy = document.createElement("div");
  copy.className = "copied";
  copy.append(range.cloneContents());
  for (const part of copy.querySelectorAll(OMITTED)) part.remove();
  const author = copy.querySelector(".author")?.textContent?.trim();
  copy.querySelector(".message-head")?.remove();
  document.body.append(copy);
  // biome-ignore lint/performance/useDomNodeTextContent: only `innerText` has the lines of blocks
  const text = copy.innerText.trim();
  copy.remove();
  return author === undefined ? text : `${author}: ${text}`;
}
