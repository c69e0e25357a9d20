/** Text field that receives typed keys: the input, a list's query, or a question's answer. */

import { CANDIDATES_LISTED_MAX } from "../../../base/limits-screen.ts";
import { isName } from "../../../base/names.ts";
import { isSameName } from "../../../core/model/item.ts";
import { knownNames, roomList } from "../../../core/model/selectors.ts";
import type { Model } from "../../../core/model/state.ts";
import { type Editor, EMPTY_EDITOR, editorOf } from "../editor/editor.ts";
import { matchingLines } from "../editor/input-history.ts";
import type { Candidate, Overlay, ScreenState } from "../state/screen-state.ts";
import { emojiCandidates, matching } from "./completion.ts";
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
  if (overlay !== undefined && "query" in overlay) {
    const isChanged = next.text !== overlay.query.text;
    const updated = { ...overlay, query: next };
    return withChange(state, {
      overlay: isChanged ? withResults({ ...updated, selectedIndex: 0 }, context) : updated,
    });
  }
  const recall = next.text === state.editor.text ? state.recall : undefined;
  return withChange(state, { editor: next, completion: undefined, recall });
}

export type ListOverlay = Extract<Overlay, { readonly query: Editor }>;

function withResults(
  overlay: ListOverlay,
  { model, inputHistory, source }: HandlerContext,
): ListOverlay {
  const { text } = overlay.query;
  switch (overlay.kind) {
    case "switcher":
      return { ...overlay, found: targetsMatching(model, text) };
    case "typed":
      return { ...overlay, found: matchingLines(inputHistory, text, CANDIDATES_LISTED_MAX) };
    case "react":
      return { ...overlay, found: emojiMatching(text, source.language) };
    default:
      return overlay;
  }
}

export function openList(
  kind: "switcher" | "typed" | "search" | "react",
  context: HandlerContext,
  seq = 0,
): ListOverlay {
  const first = { query: EMPTY_EDITOR, selectedIndex: 0 };
  if (kind === "search")
    return { kind, query: editorOf(searchText(context.model)), selectedIndex: 0 };
  if (kind === "react") return withResults({ kind, seq, found: [], ...first }, context);
  return withResults({ kind, found: [], ...first }, context);
}

function searchText({ search }: Model): string {
  if (search === undefined) return "";
  const { text, from, target, files } = search.query;
  const filters = [
    from === undefined ? "" : `from:${from}`,
    target === undefined ? "" : `in:${target}`,
    files === true ? "has:file" : "",
  ];
  return [...filters, text].filter((word) => word !== "").join(" ");
}

/** Unread targets come first. A valid name that matches none is offered for a new conversation. */
function targetsMatching(model: Model, query: string): readonly string[] {
  const { rooms, people } = roomList(model);
  const entries = [...rooms, ...people].map((line) => ({
    ...line,
    shown: line.kind === "room" ? `#${line.target}` : line.target,
  }));
  const listed = [
    ...entries.filter((line) => !line.isOpen && line.unread > 0),
    ...entries.filter((line) => !line.isOpen && line.unread === 0),
    ...entries.filter((line) => line.isOpen),
  ].map((line) => line.shown);
  const otherPeople = knownNames(model)
    .map((name) => `@${name}`)
    .filter((target) => !listed.some((entry) => isSameName(entry, target)));
  const [sign = "", name = ""] = /^([@#]?)(.*)$/s.exec(query.trim())?.slice(1) ?? [];
  const targets = [...listed, ...otherPeople].filter((target) => target.startsWith(sign));
  const matches = matching(targets, name, true, /^[@#]/).slice(0, CANDIDATES_LISTED_MAX);
  const isNewName =
    sign !== "#" && isName(name) && !matches.some((target) => isSameName(target, `@${name}`));
  return isNewName && !isSameName(name, model.me) ? [...matches, `@${name}`] : matches;
}

const QUICK_EMOJI: readonly Candidate[] = [
  ...(["👍 :+1:", "❤️ :heart:", "😂 :joy:", "🎉 :tada:", "😮 :open_mouth:"] as const),
  ...(["😢 :cry:", "👀 :eyes:", "✅ :white_check_mark:"] as const),
].map((entry) => {
  const [text = "", hint = ""] = entry.split(" ");
  return { text, hint };
});

/** A query that is an emoji matches itself. */
function emojiMatching(query: string, language: string | undefined): readonly Candidate[] {
  const name = query.trim().replace(/^:|:$/g, "");
  if (name === "") return QUICK_EMOJI;
  if (/\p{Emoji_Presentation}|\p{Extended_Pictographic}/u.test(name)) {
    return [{ text: name, hint: "" }];
  }
  return emojiCandidates(name, language);
}
