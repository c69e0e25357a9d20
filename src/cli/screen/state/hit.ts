/** Targets of mouse clicks and the wheel. */

export type Hit =
  /** List of rooms; `undefined` if there is no room at that position. */
  | { readonly kind: "rooms"; readonly target: string | undefined }
  | { readonly kind: "members"; readonly name: string | undefined }
  | {
      readonly kind: "timeline";
      /** Key of the row. */
      readonly key: string | undefined;
      readonly clickAction: "fetch" | "unfold" | undefined;
      readonly link: string | undefined;
    }
  | {
      readonly kind: "overlay";
      /** Index in the list, from 0. */
      readonly choice: number | undefined;
      readonly isHeading: boolean;
    }
  /** UTF-16 index in the input text. */
  | { readonly kind: "input"; readonly at: number }
  /** "More below", or the number of unread messages in other rooms. */
  | { readonly kind: "newest" | "unread" };

/** First visible line of a scrollable list, and its maximum. */
export interface ListScroll {
  readonly top: number;
  readonly topMax: number;
}

/** Scroll position of a list. Valid while the same target is open. */
export interface ListTop {
  readonly open: string | undefined;
  readonly top: number;
}
