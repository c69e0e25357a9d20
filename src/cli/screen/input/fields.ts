/** The text field that receives typed keys, and the lists that its text filters. */

import { CANDIDATES_LISTED_MAX } from "../../../base/limits-screen.ts";
import { type Editor, EMPTY_EDITOR, editorOf } from "../editor/editor.ts";
import { matchingLines } from "../editor/input-history.ts";
import type { FinderOverlay } from "../state/finder.ts";
import type { CompletionCandidate, Overlay, ScreenState } from "../state/screen-state.ts";
import { emojiCandidates } from "./completion.ts";
import { withQuery } from "./finder.ts";
import { type HandlerContext, type UpdateResult, withChange } from "./handler.ts";

export function activeEditor({ question, overlay, editor }: ScreenState): Editor | undefined {
  if (question !== undefined) return question.kind === "yes-no" ? undefined : question.answer;
  if (overlay === undefined) return editor;
  return "query" in overlay ? overlay.query : undefined;
}

export function withEditor(
  state: ScreenState,
  next: Editor,
  context: HandlerContext,
): UpdateResult {
  const { question, overlay } = state;
  if (question !== undefined) return withChange(state, { question: { ...question, answer: next } });
  if (overlay?.kind === "finder") return inFinder(state, overlay, next, context);
  if (overlay !== undefined && "query" in overlay) {
    const isChanged = next.text !== overlay.query.text;
    const updated = { ...overlay, query: next };
    const found = isChanged ? withResults({ ...updated, selectedIndex: 0 }, context) : updated;
    return withChange(state, { overlay: found, completion: undefined });
  }
  const recall = next.text === state.editor.text ? state.recall : undefined;
  return withChange(state, { editor: next, completion: undefined, recall });
}

/** Typing replaces the selected part of the query, and a move of the cursor keeps it. */
function inFinder(
  state: ScreenState,
  overlay: FinderOverlay,
  next: Editor,
  context: HandlerContext,
): UpdateResult {
  const { query, selectedFrom } = overlay;
  if (next.text === query.text) {
    return withChange(state, { overlay: { ...overlay, query: next, selectedFrom: undefined } });
  }
  if (selectedFrom === undefined) return withQuery(state, overlay, next, context);
  const typed = next.text.startsWith(query.text) ? next.text.slice(query.text.length) : "";
  const replaced = editorOf(query.text.slice(0, selectedFrom) + typed);
  return withQuery(state, overlay, replaced, context);
}

type ListOverlay = Extract<Overlay, { readonly kind: "typed" | "react" }>;

function withResults(overlay: ListOverlay, { inputHistory, source }: HandlerContext): ListOverlay {
  const { text } = overlay.query;
  if (overlay.kind === "react") {
    return { ...overlay, found: emojiMatching(text, source.language) };
  }
  return { ...overlay, found: matchingLines(inputHistory, text, CANDIDATES_LISTED_MAX) };
}

export function openList(kind: ListOverlay["kind"], context: HandlerContext, seq = 0): ListOverlay {
  const first = { query: EMPTY_EDITOR, selectedIndex: 0, found: [] };
  return withResults(kind === "react" ? { kind, seq, ...first } : { kind, ...first }, context);
}

const QUICK_EMOJI: readonly CompletionCandidate[] = [
  ...(["👍 :+1:", "❤️ :heart:", "😂 :joy:", "🎉 :tada:", "😮 :open_mouth:"] as const),
  ...(["😢 :cry:", "👀 :eyes:", "✅ :white_check_mark:"] as const),
].map((entry) => {
  const [text = "", hint = ""] = entry.split(" ");
  return { text, hint };
});

/** A query that is an emoji matches itself. */
function emojiMatching(
  query: string,
  language: string | undefined,
): readonly CompletionCandidate[] {
  const name = query.trim().replace(/^:|:$/g, "");
  if (name === "") return QUICK_EMOJI;
  if (/\p{Emoji_Presentation}|\p{Extended_Pictographic}/u.test(name)) {
    return [{ text: name, hint: "" }];
  }
  return emojiCandidates(name, language);
}
