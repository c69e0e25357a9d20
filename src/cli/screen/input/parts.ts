/** What a key is judged by, and what comes of it. */

import type { Rows } from "../../../core/model/rows.ts";
import { openRoom } from "../../../core/model/selectors.ts";
import type { Draft, Model } from "../../../core/model/state.ts";
import type { KeyTexts } from "../../../ui/messages/en/keys.ts";
import type { Act } from "../state/act.ts";
import type { Hit, ListPlace } from "../state/hit.ts";
import type { ScreenState } from "../state/screen-state.ts";
import type { Timeline } from "../state/scroll.ts";
import type { ScreenSettings } from "../state/settings.ts";
import type { CompletionSource } from "./completion.ts";
import type { Keymap } from "./keymap.ts";

export interface Parts {
  readonly model: Model;
  /** Of what is open. */
  readonly rows: Rows;
  readonly settings: ScreenSettings;
  readonly keymap: Keymap;
  readonly layout: {
    /** Lines of the timeline. */
    readonly pageRows: number;
    /** Columns of the input's text; the cursor may stand one further. */
    readonly inputColumns: number;
    /** How far help or a long text can be turned; left out: until its last line is at the top. */
    readonly topMax?: number;
    /** The lists beside the timeline. */
    readonly rooms: ListPlace;
    readonly members: ListPlace;
  };
  /** Lines that a row of the timeline takes, by its key. */
  readonly heightOf: (key: string) => number;
  /** Lines that its long text has more unfolded; 0: there is nothing to fold. */
  readonly foldsOf: (key: string) => number;
  /** What stands there, from 0; undefined: nothing that a click could mean. */
  readonly hitAt: (column: number, row: number) => Hit | undefined;
  /** What was typed on this device, oldest first. */
  readonly typed: readonly string[];
  readonly source: Omit<CompletionSource, "model">;
  readonly texts: KeyTexts;
}

export interface Updated {
  readonly state: ScreenState;
  readonly acts: readonly Act[];
}

/** Undefined: it has nothing to do there, and another one may. */
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

/** Of what is open, as the model spells it; undefined: nothing is. */
export function openTarget(model: Model): string | undefined {
  return openRoom(model)?.target ?? model.open;
}

/** What is written while no room is open is kept, too, under this name. */
export const NOWHERE = "";

/** What the model keeps for what is open: the words in it may be older than the input's. */
export function keptDraft(model: Model): Draft | undefined {
  return model.drafts.get(openTarget(model) ?? NOWHERE);
}

/** The same with the input's words. */
export function draftNow({ editor, recall }: ScreenState, model: Model): Draft {
  return { ...keptDraft(model), text: recall?.typed ?? editor.text };
}

/** For the model: undefined where nothing has to be kept. */
export function draftAct(model: Model, draft: Draft | undefined): readonly Act[] {
  return draftActFor(openTarget(model) ?? NOWHERE, model, draft);
}

/** @param target of the draft, as the model spells it */
export function draftActFor(
  target: string,
  model: Model,
  draft: Draft | undefined,
): readonly Act[] {
  const isNothing =
    draft === undefined ||
    (draft.text === "" && draft.re === undefined && draft.edits === undefined);
  const [before, next] = [model.drafts.get(target), isNothing ? undefined : draft];
  const isSame =
    before?.text === next?.text &&
    before?.re === next?.re &&
    before?.edits === next?.edits &&
    before?.before === next?.before;
  return isSame ? [] : [{ kind: "draft", target, draft: next }];
}
