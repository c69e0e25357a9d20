/** Input and result types of key handlers. */

import type { TimeContext } from "../../../base/parse-time.ts";
import type { MessageFinder } from "../../../core/finder/messages.ts";
import type { Rows } from "../../../core/model/rows.ts";
import { draftKey, openRoom, openThreadRoot } from "../../../core/model/selectors.ts";
import type { ComposerDraft, Model } from "../../../core/model/state.ts";
import type { KeyTexts } from "../../../ui/messages/en/keys.ts";
import type { Texts } from "../../../ui/messages/en/page.ts";
import { isEmptyDraft } from "../../../ui/text/draft.ts";
import type { FinderCache, JoinableRoom } from "../state/finder.ts";
import type { Action, Overlay, ScreenSettings, ScreenState } from "../state/screen-state.ts";
import type { ScrolledTimeline } from "../state/scroll.ts";
import type { Layout } from "../view/composition.ts";
import type { CompletionSource } from "./completion.ts";
import type { Keymap } from "./keymap.ts";

export interface HandlerContext {
  readonly model: Model;
  readonly rows: Rows;
  readonly settings: ScreenSettings;
  readonly keymap: Keymap;
  readonly layout: Pick<Layout, "pageRows" | "inputColumns" | "rooms" | "members"> &
    Pick<Layout, "heightOf" | "foldsOf" | "hitAt"> &
    Partial<Pick<Layout, "topMax" | "finderRows" | "isWide">>;
  readonly inputHistory: readonly string[];
  readonly source: Omit<CompletionSource, "model">;
  readonly texts: KeyTexts;
  readonly titles: Pick<Texts, "ownBox" | "boxOf">;
  readonly times: TimeContext;
  readonly messages: MessageFinder;
  readonly finderCache: FinderCache;
  /** Rooms that the user may join, as far as they are loaded. */
  readonly joinable: readonly JoinableRoom[];
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
