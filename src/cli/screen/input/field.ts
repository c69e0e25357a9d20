/** The text that keys are typed into: the input, the query of a list, or an answer. */

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

/** `undefined` if keys type nothing. */
export function activeEditor({ question, overlay, editor }: ScreenState): Editor | undefined {
  if (question !== undefined) return question.kind === "yes-no" ? undefined : question.answer;
  if (overlay === undefined) return editor;
  return "query" in overlay ? overlay.query : undefined;
}

/** Replaces the text; an open list follows it. */
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

/** The current search as typed text, so that its results stay usable. */
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

/**
 * Rooms and people, unread ones first. An unknown name is offered as well, because it can be
 * written to.
 */
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
  const all = [...listed, ...otherPeople].filter((target) => target.startsWith(sign));
  const found = matching(all, name, true, /^[@#]/).slice(0, CANDIDATES_LISTED_MAX);
  const isNew =
    sign !== "#" && isName(name) && !found.some((target) => isSameName(target, `@${name}`));
  return isNew && !isSameName(name, model.me) ? [...found, `@${name}`] : found;
}

/** Reactions offered before a query. */
const QUICK_EMOJI: readonly Candidate[] = [
  ...(["👍 :+1:", "❤️ :heart:", "😂 :joy:", "🎉 :tada:", "😮 :open_mouth:"] as const),
  ...(["😢 :cry:", "👀 :eyes:", "✅ :white_check_mark:"] as const),
].map((sign) => {
  const [text = "", hint = ""] = sign.split(" ");
  return { text, hint };
});

/** Matches a name, a part of one, or the emoji itself. */
function emojiMatching(query: string, language: string | undefined): readonly Candidate[] {
  const name = query.trim().replace(/^:|:$/g, "");
  if (name === "") return QUICK_EMOJI;
  if (/\p{Emoji_Presentation}|\p{Extended_Pictographic}/u.test(name)) {
    return [{ text: name, hint: "" }];
  }
  return emojiCandidates(name, language);
}
