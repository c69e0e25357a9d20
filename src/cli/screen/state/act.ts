import type { RoomId } from "../../../base/ids.ts";
import type { Draft, SearchQuery } from "../../../core/model/state.ts";

/** Acts after which the results of the last one are removed. They follow into another room. */
const NEXT: ReadonlySet<Act["kind"]> = new Set<Act["kind"]>([
  ...(["enter", "jump", "react", "erase", "fetch", "cancel-transfer"] as const),
  ...(["pin", "save", "resend", "discard", "copy", "search"] as const),
]);

export function isNext({ kind }: Act): boolean {
  return NEXT.has(kind);
}

/** What a key makes the client do. */
export type Act =
  /**
   * As typed: a message, or a command behind `/`. With what it answers or replaces; the draft of
   * what is open is another one by the next act.
   */
  | {
      readonly kind: "enter";
      readonly text: string;
      readonly re?: number;
      readonly edits?: number;
    }
  | { readonly kind: "open"; readonly target: string }
  /** What is written there and not sent; undefined: nothing. */
  | { readonly kind: "draft"; readonly target: string; readonly draft: Draft | undefined }
  | { readonly kind: "reach"; readonly side: "older" | "newer" }
  | { readonly kind: "bottom" }
  | { readonly kind: "jump"; readonly target: string; readonly seq: number }
  | { readonly kind: "react"; readonly seq: number; readonly sign: string }
  | { readonly kind: "pin"; readonly seq: number; readonly on: boolean }
  /** For the user alone, to be found again. */
  | { readonly kind: "save"; readonly room: RoomId; readonly seq: number; readonly on: boolean }
  | { readonly kind: "erase"; readonly seq: number }
  | { readonly kind: "fetch"; readonly file: string; readonly name: string }
  | { readonly kind: "cancel-transfer"; readonly id: string }
  | { readonly kind: "resend"; readonly key: string }
  | { readonly kind: "discard"; readonly key: string }
  /** To the clipboard. */
  | { readonly kind: "copy"; readonly text: string }
  | { readonly kind: "search"; readonly query: SearchQuery | undefined }
  | { readonly kind: "search-more" }
  /** A folder that Tab wants: once it is read, the key `tab` is given to `update` again. */
  | { readonly kind: "list-folder"; readonly path: string }
  /** The answer to the question of the state; undefined: none was given. */
  | { readonly kind: "answered"; readonly answer: string | undefined }
  | { readonly kind: "focus"; readonly on: boolean }
  /** All that says what went wrong. */
  | { readonly kind: "dismiss" }
  | { readonly kind: "redraw" }
  | { readonly kind: "suspend" }
  /** @see exit codes: 130 by Ctrl-C, 0 by Ctrl-D or `/quit`. */
  | { readonly kind: "leave"; readonly exitCode: 0 | 130 };
