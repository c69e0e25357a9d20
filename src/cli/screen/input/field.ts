/** The text that keys are typed into: the input, the query of a list, or an answer. */

import { CANDIDATES_LISTED_MAX } from "../../../base/limits-screen.ts";
import { isName } from "../../../base/names.ts";
import { isSameName } from "../../../core/model/item.ts";
import { knownNames, roomList } from "../../../core/model/selectors.ts";
import type { Model } from "../../../core/model/state.ts";
import { type Editor, EMPTY_EDITOR, editorOf } from "../editor/editor.ts";
import { matchingTyped } from "../editor/typed-history.ts";
import type { Candidate, Overlay, ScreenState } from "../state/screen-state.ts";
import { emojiLike, matching } from "./completion.ts";
import { changed, type Parts, type Updated } from "./parts.ts";

/** `undefined` if keys type nothing. */
export function activeEditor({ question, overlay, editor }: ScreenState): Editor | undefined {
  if (question !== undefined) return question.kind === "yes-no" ? undefined : question.answer;
  if (overlay === undefined) return editor;
  return "query" in overlay ? overlay.query : undefined;
}

/** Replaces the text; an open list follows it. */
export function withEditor(state: ScreenState, next: Editor, parts: Parts): Updated {
  const { question, overlay } = state;
  if (question !== undefined) return changed(state, { question: { ...question, answer: next } });
  if (overlay !== undefined && "query" in overlay) {
    const isNew = next.text !== overlay.query.text;
    const typed = { ...overlay, query: next };
    return changed(state, { overlay: isNew ? refound({ ...typed, at: 0 }, parts) : typed });
  }
  const recall = next.text === state.editor.text ? state.recall : undefined;
  return changed(state, { editor: next, completion: undefined, recall });
}

export type ListOverlay = Extract<Overlay, { readonly query: Editor }>;

function refound(overlay: ListOverlay, { model, typed, source }: Parts): ListOverlay {
  const { text } = overlay.query;
  switch (overlay.kind) {
    case "switcher":
      return { ...overlay, found: targetsLike(model, text) };
    case "typed":
      return { ...overlay, found: matchingTyped(typed, text, CANDIDATES_LISTED_MAX) };
    case "react":
      return { ...overlay, found: signsLike(text, source.language) };
    default:
      return overlay;
  }
}

export function openedList(
  kind: "switcher" | "typed" | "search" | "react",
  parts: Parts,
  seq = 0,
): ListOverlay {
  const first = { query: EMPTY_EDITOR, at: 0 };
  if (kind === "search") return { kind, query: editorOf(searchText(parts.model)), at: 0 };
  if (kind === "react") return refound({ kind, seq, found: [], ...first }, parts);
  return refound({ kind, found: [], ...first }, parts);
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
function targetsLike(model: Model, typed: string): readonly string[] {
  const { rooms, people } = roomList(model);
  const shown = [...rooms, ...people].map((line) => ({
    ...line,
    shown: line.kind === "room" ? `#${line.target}` : line.target,
  }));
  const lines = [
    ...shown.filter((line) => !line.isOpen && line.unread > 0),
    ...shown.filter((line) => !line.isOpen && line.unread === 0),
    ...shown.filter((line) => line.isOpen),
  ].map((line) => line.shown);
  const others = knownNames(model)
    .map((name) => `@${name}`)
    .filter((target) => !lines.some((one) => isSameName(one, target)));
  const [sign = "", bare = ""] = /^([@#]?)(.*)$/s.exec(typed.trim())?.slice(1) ?? [];
  const all = [...lines, ...others].filter((target) => target.startsWith(sign));
  const found = matching(all, bare, true, /^[@#]/).slice(0, CANDIDATES_LISTED_MAX);
  const isNew = sign !== "#" && isName(bare) && !found.some((one) => isSameName(one, `@${bare}`));
  return isNew && !isSameName(bare, model.me) ? [...found, `@${bare}`] : found;
}

/** Reactions offered before a query. */
const QUICK_SIGNS: readonly Candidate[] = [
  ...(["👍 :+1:", "❤️ :heart:", "😂 :joy:", "🎉 :tada:", "😮 :open_mouth:"] as const),
  ...(["😢 :cry:", "👀 :eyes:", "✅ :white_check_mark:"] as const),
].map((sign) => {
  const [text = "", hint = ""] = sign.split(" ");
  return { text, hint };
});

/** Matches a name, a part of one, or the emoji itself. */
function signsLike(typed: string, language: string | undefined): readonly Candidate[] {
  const wanted = typed.trim().replace(/^:|:$/g, "");
  if (wanted === "") return QUICK_SIGNS;
  if (/\p{Emoji_Presentation}|\p{Extended_Pictographic}/u.test(wanted)) {
    return [{ text: wanted, hint: "" }];
  }
  return emojiLike(wanted, language);
}
