/** Input and result types of key handlers, and the text field that receives typed keys. */

import { CANDIDATES_LISTED_MAX } from "../../../base/limits-screen.ts";
import type { TimeContext } from "../../../base/parse-time.ts";
import { hasWords, queryWords } from "../../../core/finder/words.ts";
import type { Rows } from "../../../core/model/rows.ts";
import {
  draftKey,
  openRoom,
  openThreadRoot,
  type RoomListEntry,
  roomList,
} from "../../../core/model/selectors.ts";
import type { ComposerDraft, Model } from "../../../core/model/state.ts";
import { HELP_EN } from "../../../ui/help/en.ts";
import { findAnswers } from "../../../ui/help/help.ts";
import { HELP_ID } from "../../../ui/help/id.ts";
import { otherPeople, type TargetFinder, targetFinder } from "../../../ui/matching.ts";
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
    case "switcher": {
      const { finder = targetFinder(model, switchTargets(model)) } = overlay;
      return { ...overlay, finder, found: targetsMatching(finder, text) };
    }
    case "typed":
      return { ...overlay, found: matchingLines(inputHistory, text, CANDIDATES_LISTED_MAX) };
    case "react":
      return { ...overlay, found: emojiMatching(text, source.language) };
    case "help":
      return {
        ...overlay,
        rows: [
          ...answerRows(text, source.language),
          ...rowsMatching(helpRows(keymap, texts, source.commands), text),
        ],
      };
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
const ANSWERS_SHOWN_MAX = 2;

/** Answers to a question, each below it. */
function answerRows(query: string, language: string | undefined): readonly CompletionCandidate[] {
  const answers = findAnswers(language === "id" ? HELP_ID : HELP_EN, query);
  return answers.slice(0, ANSWERS_SHOWN_MAX).flatMap(({ question, answer }) => [
    { text: question, hint: "" },
    { text: "", hint: answer.replaceAll("**", "").replaceAll("`", "") },
  ]);
}

function rowsMatching(
  rows: readonly CompletionCandidate[],
  query: string,
): readonly CompletionCandidate[] {
  const words = queryWords(query);
  const found: CompletionCandidate[] = [];
  let heading: CompletionCandidate | undefined;
  for (const row of rows) {
    if (row.hint === "") heading = row;
    else if (hasWords(`${row.text} ${row.hint}`, words)) {
      if (heading !== undefined) found.push(heading);
      heading = undefined;
      found.push(row);
    }
  }
  return found;
}

/** A sign selects a kind. */
function targetsMatching(finder: TargetFinder, query: string): readonly string[] {
  const [, sign = "", name = ""] = /^([@#]?)(.*)$/s.exec(query.trim()) ?? [];
  const found = finder.find(name, Number.POSITIVE_INFINITY).map(({ id }) => id);
  return found.filter((id) => id.startsWith(sign)).slice(0, CANDIDATES_LISTED_MAX);
}

/** Unread targets come first, the open one last, then other people. */
function switchTargets(model: Model): readonly string[] {
  const { rooms, people } = roomList(model);
  const order = ({ isOpen, unread }: RoomListEntry) => (isOpen ? 2 : unread > 0 ? 0 : 1);
  const entries = [...rooms, ...people].toSorted((a, b) => order(a) - order(b));
  const listed = entries.map(({ kind, target }) => (kind === "person" ? target : `#${target}`));
  return [...listed, ...otherPeople(model, listed)];
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
