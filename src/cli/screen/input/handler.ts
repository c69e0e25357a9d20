/** Input and result types of key handlers, and the text field that receives typed keys. */

import { CANDIDATES_LISTED_MAX } from "../../../base/limits-screen.ts";
import { isName } from "../../../base/names.ts";
import type { TimeContext } from "../../../base/parse-time.ts";
import { isSameName } from "../../../core/model/item.ts";
import type { Rows } from "../../../core/model/rows.ts";
import {
  draftKey,
  knownNames,
  openRoom,
  openThreadRoot,
  roomList,
} from "../../../core/model/selectors.ts";
import type { ComposerDraft, Model } from "../../../core/model/state.ts";
import { targetsLike } from "../../../ui/matching.ts";
import type { KeyTexts } from "../../../ui/messages/en/keys.ts";
import { isEmptyDraft } from "../../../ui/text/draft.ts";
import { type Editor, EMPTY_EDITOR } from "../editor/editor.ts";
import { matchingLines } from "../editor/input-history.ts";
import type {
  Action,
  CompletionCandidate,
  Overlay,
  ScreenSettings,
  ScreenState,
} from "../state/screen-state.ts";
import type { ScrolledTimeline } from "../state/scroll.ts";
import type { Layout } from "../view/composition.ts";
import { type CompletionSource, emojiCandidates } from "./completion.ts";
import { helpRows, type Keymap } from "./keymap.ts";

export interface HandlerContext {
  readonly model: Model;
  readonly rows: Rows;
  readonly settings: ScreenSettings;
  readonly keymap: Keymap;
  readonly layout: Pick<Layout, "pageRows" | "inputColumns" | "rooms" | "members"> &
    Pick<Layout, "heightOf" | "foldsOf" | "hitAt"> &
    Partial<Pick<Layout, "topMax">>;
  readonly inputHistory: readonly string[];
  readonly source: Omit<CompletionSource, "model">;
  readonly texts: KeyTexts;
  readonly times: TimeContext;
}

export interface UpdateResult {
  readonly state: ScreenState;
  readonly actions: readonly Action[];
}

/** `undefined` if the handler does not apply. */
export type KeyHandler = (state: ScreenState, context: HandlerContext) => UpdateResult | undefined;

export function withChange(
  state: ScreenState,
  change: Partial<ScreenState>,
  ...actions: readonly Action[]
): UpdateResult {
  return { state: { ...state, ...change }, actions };
}

/** Ends a completion, which belongs to the field under the overlay. */
export function withOverlay(state: ScreenState, overlay: Overlay): UpdateResult {
  return withChange(state, { overlay, completion: undefined });
}

export function withActions(state: ScreenState, ...actions: readonly Action[]): UpdateResult {
  return { state, actions };
}

export function timelineOf({
  rows,
  layout: { heightOf, pageRows },
}: HandlerContext): ScrolledTimeline {
  return { rows: rows.rows, heightOf, pageRows: Math.max(pageRows, 1) };
}

/** Spelled as in the model; `undefined` if no target is open. */
export function openTarget(model: Model): string | undefined {
  return openRoom(model)?.target ?? model.open;
}

/** Key of the draft that is written while no room is open. */
export const NO_TARGET = "";

/** Key of the draft in the input. */
export function inputKey(model: Model): string {
  return draftKey(openTarget(model) ?? NO_TARGET, openThreadRoot(model));
}

export function storedDraft(model: Model): ComposerDraft | undefined {
  return model.drafts.get(inputKey(model));
}

export function currentDraft({ editor, recall }: ScreenState, model: Model): ComposerDraft {
  return { ...storedDraft(model), text: recall?.previousText ?? editor.text };
}

export function draftActions(model: Model, draft: ComposerDraft | undefined): readonly Action[] {
  return draftActionsFor(inputKey(model), model, draft);
}

export function draftActionsFor(
  target: string,
  model: Model,
  draft: ComposerDraft | undefined,
): readonly Action[] {
  const before = model.drafts.get(target);
  const next = draft === undefined || isEmptyDraft(draft) ? undefined : draft;
  const isUnchanged =
    before?.text === next?.text &&
    before?.re === next?.re &&
    before?.edits === next?.edits &&
    before?.before === next?.before;
  return isUnchanged ? [] : [{ kind: "draft", target, draft: next }];
}

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
    const first =
      updated.kind === "help" ? { ...updated, top: 0 } : { ...updated, selectedIndex: 0 };
    return withChange(state, {
      overlay: isChanged ? withResults(first, context) : updated,
      completion: undefined,
    });
  }
  const recall = next.text === state.editor.text ? state.recall : undefined;
  return withChange(state, { editor: next, completion: undefined, recall });
}

type ListOverlay = Extract<Overlay, { readonly query: Editor }>;

function withResults(
  overlay: ListOverlay,
  { model, inputHistory, source, keymap, texts }: HandlerContext,
): ListOverlay {
  const { text } = overlay.query;
  switch (overlay.kind) {
    case "switcher":
      return { ...overlay, found: targetsMatching(model, text) };
    case "typed":
      return { ...overlay, found: matchingLines(inputHistory, text, CANDIDATES_LISTED_MAX) };
    case "react":
      return { ...overlay, found: emojiMatching(text, source.language) };
    case "help":
      return { ...overlay, rows: rowsMatching(helpRows(keymap, texts, source.commands), text) };
    default:
      return overlay;
  }
}

export function openList(
  kind: Exclude<ListOverlay["kind"], "search">,
  context: HandlerContext,
  seq = 0,
): ListOverlay {
  const query = EMPTY_EDITOR;
  const first = { query, selectedIndex: 0 };
  if (kind === "help") return withResults({ kind, query, rows: [], top: 0 }, context);
  if (kind === "react") return withResults({ kind, seq, found: [], ...first }, context);
  return withResults({ kind, found: [], ...first }, context);
}

/** Keeps the headings of the matching rows. */
function rowsMatching(
  rows: readonly CompletionCandidate[],
  query: string,
): readonly CompletionCandidate[] {
  const text = query.trim().toLowerCase();
  const found: CompletionCandidate[] = [];
  let heading: CompletionCandidate | undefined;
  for (const row of rows) {
    if (row.hint === "") heading = row;
    else if (`${row.text} ${row.hint}`.toLowerCase().includes(text)) {
      if (heading !== undefined) found.push(heading);
      heading = undefined;
      found.push(row);
    }
  }
  return found;
}

/** Unread targets come first. A valid name that matches none is offered for a new conversation. */
function targetsMatching(model: Model, query: string): readonly string[] {
  const { rooms, people } = roomList(model);
  const entries = [...rooms, ...people].map((line) => ({
    ...line,
    shown: line.kind === "person" ? line.target : `#${line.target}`,
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
  const matches = targetsLike(model, targets, name).slice(0, CANDIDATES_LISTED_MAX);
  const isNewName =
    sign !== "#" && isName(name) && !matches.some((target) => isSameName(target, `@${name}`));
  return isNewName && !isSameName(name, model.me) ? [...matches, `@${name}`] : matches;
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
