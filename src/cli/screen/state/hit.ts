/** Targets of mouse clicks and the wheel. */

export type Hit =
  /** The list of rooms; `undefined` if no room is at that position. */
  | { readonly kind: "rooms"; readonly target: string | undefined }
  | { readonly kind: "members"; readonly name: string | undefined }
  | {
      readonly kind: "timeline";
      /** Key of the row. */
      readonly key: string | undefined;
      readonly clickAction: "fetch" | "unfold" | undefined;
      /** A web address. */
      readonly link: string | undefined;
    }
  | {
      readonly kind: "overlay";
      /** Index in the list, from 0. */
      readonly choice: number | undefined;
      readonly isHeading: boolean;
    }
  /** Cursor position in the text, as a UTF-16 index. */
  | { readonly kind: "input"; readonly at: number }
  /** "More below", or the unread messages elsewhere. */
  | { readonly kind: "newest" | "unread" };

/** A scrollable list: its first visible line and the maximum. */
export interface ListScroll {
  readonly top: number;
  readonly topMax: number;
}

/** Scroll position of a list, valid while the same target is open. */
export interface ListTop {
  readonly open: string | undefined;
  readonly top: number;
}
