/** Actions that keys request from the client. */

import type { RoomId } from "../../../base/ids.ts";
import type { Draft, SearchQuery } from "../../../core/model/state.ts";

/** Actions that clear the notes of the previous one. */
const CLEARS_NOTES: ReadonlySet<Action["kind"]> = new Set<Action["kind"]>([
  ...(["enter", "jump", "react", "erase", "fetch", "cancel-transfer"] as const),
  ...(["pin", "save", "resend", "discard", "copy", "search"] as const),
]);

export function clearsNotes({ kind }: Action): boolean {
  return CLEARS_NOTES.has(kind);
}

export type Action =
  /**
   * Typed text: a message, or a command after `/`, with the message it answers or replaces. The
   * draft of the open target is cleared by the next act.
   */
  | {
      readonly kind: "enter";
      readonly text: string;
      readonly re?: number;
      readonly edits?: number;
    }
  | { readonly kind: "open"; readonly target: string }
  /** The unsent text of a target; `undefined` if there is none. */
  | { readonly kind: "draft"; readonly target: string; readonly draft: Draft | undefined }
  | { readonly kind: "reach"; readonly direction: "older" | "newer" }
  | { readonly kind: "bottom" }
  | { readonly kind: "jump"; readonly target: string; readonly seq: number }
  | { readonly kind: "react"; readonly seq: number; readonly sign: string }
  | { readonly kind: "pin"; readonly seq: number; readonly on: boolean }
  /** Saves a message privately, to find it again. */
  | { readonly kind: "save"; readonly room: RoomId; readonly seq: number; readonly on: boolean }
  | { readonly kind: "erase"; readonly seq: number }
  | { readonly kind: "fetch"; readonly file: string; readonly name: string }
  | { readonly kind: "cancel-transfer"; readonly id: string }
  | { readonly kind: "resend"; readonly key: string }
  | { readonly kind: "discard"; readonly key: string }
  | { readonly kind: "copy"; readonly text: string }
  | { readonly kind: "search"; readonly query: SearchQuery | undefined }
  | { readonly kind: "search-more" }
  /** A folder that Tab needs. After it is read, the key `tab` is passed to `update` again. */
  | { readonly kind: "list-folder"; readonly path: string }
  /** The answer to the state's question; `undefined` if none was given. */
  | { readonly kind: "answered"; readonly answer: string | undefined }
  | { readonly kind: "focus"; readonly on: boolean }
  /** Dismisses all failure notices. */
  | { readonly kind: "dismiss" }
  | { readonly kind: "redraw" }
  | { readonly kind: "suspend" }
  /** @see exit codes: 130 by Ctrl-C, 0 by Ctrl-D or `/quit`. */
  | { readonly kind: "leave"; readonly exitCode: 0 | 130 };
