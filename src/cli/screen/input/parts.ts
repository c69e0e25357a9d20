/** Types shared by key handlers: their inputs and results. */

import type { Rows } from "../../../core/model/rows.ts";
import { openRoom } from "../../../core/model/selectors.ts";
import type { Draft, Model } from "../../../core/model/state.ts";
import type { KeyTexts } from "../../../ui/messages/en/keys.ts";
import { isNothing } from "../../../ui/text/writing.ts";
import type { Act } from "../state/act.ts";
import type { Hit, ListPlace } from "../state/hit.ts";
import type { ScreenState } from "../state/screen-state.ts";
import type { Timeline } from "../state/scroll.ts";
import type { ScreenSettings } from "../state/settings.ts";
import type { CompletionSource } from "./completion.ts";
import type { Keymap } from "./keymap.ts";

export interface Parts {
  readonly model: Model;
  /** Rows of the open target. */
  readonly rows: Rows;
  readonly settings: ScreenSettings;
  readonly keymap: Keymap;
  readonly layout: {
    /** Lines of the timeline. */
    readonly pageRows: number;
    /** Columns of the input's text; the cursor may be one further. */
    readonly inputColumns: number;
    /** Scroll limit of help or a long text; `undefined`: until its last line is at the top. */
    readonly topMax?: number;
    /** Positions of the lists beside the timeline. */
    readonly rooms: ListPlace;
    readonly members: ListPlace;
  };
  /** Lines that a row of the timeline takes, by its key. */
  readonly heightOf: (key: string) => number;
  /** Additional lines of the unfolded text; 0 if it cannot be folded. */
  readonly foldsOf: (key: string) => number;
  /** Target at a position, from 0; `undefined` if a click there does nothing. */
  readonly hitAt: (column: number, row: number) => Hit | undefined;
  /** Input history of this device, oldest first. */
  readonly typed: readonly string[];
  readonly source: Omit<CompletionSource, "model">;
  readonly texts: KeyTexts;
}

export interface Updated {
  readonly state: ScreenState;
  readonly acts: readonly Act[];
}

/** Returns `undefined` if it does not apply and another handler may. */
export type Handler = (state: ScreenState, parts: Parts) => Updated | undefined;

export function changed(
  state: ScreenState,
  change: Partial<ScreenState>,
  ...acts: readonly Act[]
): Updated {
  return { state: { ...state, ...change }, acts };
}

export function acting(state: ScreenState, ...acts: readonly Act[]): Updated {
  return { state, acts };
}

export function timelineOf({ rows, heightOf, layout }: Parts): Timeline {
  return { rows: rows.rows, heightOf, pageRows: Math.max(layout.pageRows, 1) };
}

/** The open target, as the model spells it; `undefined` if none is open. */
export function openTarget(model: Model): string | undefined {
  return openRoom(model)?.target ?? model.open;
}

/** Name under which a draft is stored while no room is open. */
export const NOWHERE = "";

/** The model's draft of the open target, which may be older than the input. */
export function keptDraft(model: Model): Draft | undefined {
  return model.drafts.get(openTarget(model) ?? NOWHERE);
}

/** The same draft with the input's text. */
export function draftNow({ editor, recall }: ScreenState, model: Model): Draft {
  return { ...keptDraft(model), text: recall?.typed ?? editor.text };
}

/** Act that stores a draft in the model; `undefined` if there is nothing to store. */
export function draftAct(model: Model, draft: Draft | undefined): readonly Act[] {
  return draftActFor(openTarget(model) ?? NOWHERE, model, draft);
}

/** @param target of the draft, as the model spells it */
export function draftActFor(
  target: string,
  model: Model,
  draft: Draft | undefined,
): readonly Act[] {
  const before = model.drafts.get(target);
  const next = draft === undefined || isNothing(draft) ? undefined : draft;
  const isSame =
    before?.text === next?.text &&
    before?.re === next?.re &&
    before?.edits === next?.edits &&
    before?.before === next?.before;
  return isSame ? [] : [{ kind: "draft", target, draft: next }];
}
