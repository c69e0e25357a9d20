/** Actions that key handlers request from the client. */

import type { RoomId } from "../../../base/ids.ts";
import type { Draft, SearchQuery } from "../../../core/model/state.ts";

const CLEARS_NOTES: ReadonlySet<Action["kind"]> = new Set<Action["kind"]>([
  ...(["enter", "jump", "react", "erase", "fetch", "cancel-transfer"] as const),
  ...(["pin", "save", "resend", "discard", "copy", "search"] as const),
]);

export function clearsNotes({ kind }: Action): boolean {
  return CLEARS_NOTES.has(kind);
}

export type Action =
  /**
   * Sends a message or runs a command. The next action removes the open target's draft. `re` or
   * `edits` is the seq of the message to reply to or edit.
   */
  | { readonly kind: "enter"; readonly text: string; readonly re?: number; readonly edits?: number }
  | { readonly kind: "open"; readonly target: string }
  | { readonly kind: "draft"; readonly target: string; readonly draft: Draft | undefined }
  | { readonly kind: "reach"; readonly direction: "older" | "newer" }
  | { readonly kind: "bottom" }
  | { readonly kind: "jump"; readonly target: string; readonly seq: number }
  | { readonly kind: "react"; readonly seq: number; readonly sign: string }
  | { readonly kind: "pin"; readonly seq: number; readonly on: boolean }
  | { readonly kind: "save"; readonly room: RoomId; readonly seq: number; readonly on: boolean }
  | { readonly kind: "erase"; readonly seq: number }
  | { readonly kind: "fetch"; readonly file: string; readonly name: string }
  | { readonly kind: "cancel-transfer"; readonly id: string }
  | { readonly kind: "resend"; readonly key: string }
  | { readonly kind: "discard"; readonly key: string }
  | { readonly kind: "copy"; readonly text: string }
  | { readonly kind: "search"; readonly query: SearchQuery | undefined }
  | { readonly kind: "search-more" }
  /** Reads a folder for path completion, after which the client handles Tab again. */
  | { readonly kind: "list-folder"; readonly path: string }
  | { readonly kind: "answered"; readonly answer: string | undefined }
  | { readonly kind: "focus"; readonly on: boolean }
  | { readonly kind: "dismiss" }
  | { readonly kind: "redraw" }
  | { readonly kind: "suspend" }
  /** 130 after Ctrl-C; 0 after Ctrl-D or `/quit`. */
  | { readonly kind: "leave"; readonly exitCode: 0 | 130 };
