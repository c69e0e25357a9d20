/** Input and result types of key handlers. */

import type { Rows } from "../../../core/model/rows.ts";
import { openRoom } from "../../../core/model/selectors.ts";
import type { Draft, Model } from "../../../core/model/state.ts";
import type { KeyTexts } from "../../../ui/messages/en/keys.ts";
import { isEmptyDraft } from "../../../ui/text/draft.ts";
import type { Action } from "../state/action.ts";
import type { ScreenState } from "../state/screen-state.ts";
import type { Timeline } from "../state/scroll.ts";
import type { ScreenSettings } from "../state/settings.ts";
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
    Partial<Pick<Layout, "topMax">>;
  readonly inputHistory: readonly string[];
  readonly source: Omit<CompletionSource, "model">;
  readonly texts: KeyTexts;
}

export interface UpdateResult {
  readonly state: ScreenState;
  readonly actions: readonly Action[];
}

/** `undefined` if the handler does not apply. */
export type Handler = (state: ScreenState, context: HandlerContext) => UpdateResult | undefined;

export function withChange(
  state: ScreenState,
  change: Partial<ScreenState>,
  ...actions: readonly Action[]
): UpdateResult {
  return { state: { ...state, ...change }, actions };
}

export function withActions(state: ScreenState, ...actions: readonly Action[]): UpdateResult {
  return { state, actions };
}

export function timelineOf({ rows, layout: { heightOf, pageRows } }: HandlerContext): Timeline {
  return { rows: rows.rows, heightOf, pageRows: Math.max(pageRows, 1) };
}

/** Spelled as in the model; `undefined` if no target is open. */
export function openTarget(model: Model): string | undefined {
  return openRoom(model)?.target ?? model.open;
}

/** Key of the draft that is written while no room is open. */
export const NO_TARGET = "";

export function storedDraft(model: Model): Draft | undefined {
  return model.drafts.get(openTarget(model) ?? NO_TARGET);
}

export function currentDraft({ editor, recall }: ScreenState, model: Model): Draft {
  return { ...storedDraft(model), text: recall?.previousText ?? editor.text };
}

export function draftActions(model: Model, draft: Draft | undefined): readonly Action[] {
  return draftActionsFor(openTarget(model) ?? NO_TARGET, model, draft);
}

export function draftActionsFor(
  target: string,
  model: Model,
  draft: Draft | undefined,
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
