/** Actions that key handlers request from the client. */

import type { RoomId } from "../../../base/ids.ts";
import type { Draft, SearchQuery } from "../../../core/model/state.ts";

/** Kinds of actions that remove earlier notes. */
const CLEARS_NOTES: ReadonlySet<Action["kind"]> = new Set<Action["kind"]>([
  ...(["enter", "jump", "react", "erase", "fetch", "cancel-transfer"] as const),
  ...(["pin", "save", "resend", "discard", "copy", "search"] as const),
]);

export function clearsNotes({ kind }: Action): boolean {
  return CLEARS_NOTES.has(kind);
}

export type Action =
  /**
   * Sends a message or runs a command. `re` or `edits` is the seq of the message that the text
   * replies to or edits. The next action removes the draft of the open target.
   */
  | {
      readonly kind: "enter";
      readonly text: string;
      readonly re?: number;
      readonly edits?: number;
    }
  | { readonly kind: "open"; readonly target: string }
  /** Stores the draft of a target, or removes the draft if it is `undefined`. */
  | { readonly kind: "draft"; readonly target: string; readonly draft: Draft | undefined }
  | { readonly kind: "reach"; readonly direction: "older" | "newer" }
  | { readonly kind: "bottom" }
  | { readonly kind: "jump"; readonly target: string; readonly seq: number }
  | { readonly kind: "react"; readonly seq: number; readonly sign: string }
  | { readonly kind: "pin"; readonly seq: number; readonly on: boolean }
  /** Adds a message to the account's saved messages, or removes it. */
  | { readonly kind: "save"; readonly room: RoomId; readonly seq: number; readonly on: boolean }
  | { readonly kind: "erase"; readonly seq: number }
  | { readonly kind: "fetch"; readonly file: string; readonly name: string }
  | { readonly kind: "cancel-transfer"; readonly id: string }
  | { readonly kind: "resend"; readonly key: string }
  | { readonly kind: "discard"; readonly key: string }
  | { readonly kind: "copy"; readonly text: string }
  | { readonly kind: "search"; readonly query: SearchQuery | undefined }
  | { readonly kind: "search-more" }
  /** Reads a folder for path completion. The client then handles Tab again. */
  | { readonly kind: "list-folder"; readonly path: string }
  /** Answers the visible question; `undefined` if the user gave no answer. */
  | { readonly kind: "answered"; readonly answer: string | undefined }
  | { readonly kind: "focus"; readonly on: boolean }
  /** Dismisses all visible failures. */
  | { readonly kind: "dismiss" }
  | { readonly kind: "redraw" }
  | { readonly kind: "suspend" }
  /** Ends the client, with exit code 130 after Ctrl-C, and 0 after Ctrl-D or `/quit`. */
  | { readonly kind: "leave"; readonly exitCode: 0 | 130 };
