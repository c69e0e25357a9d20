/** Targets of mouse clicks and of the wheel. */

export type Hit =
  /** List of rooms. `target` is `undefined` if there is no room at the position. */
  | { readonly kind: "rooms"; readonly target: string | undefined }
  | { readonly kind: "members"; readonly name: string | undefined }
  | {
      readonly kind: "timeline";
      /** Key of the timeline row; `undefined` if there is no row at the position. */
      readonly key: string | undefined;
      readonly clickAction: "fetch" | "unfold" | undefined;
      readonly link: string | undefined;
    }
  | {
      readonly kind: "overlay";
      /** Index of the choice, from 0; `undefined` if the line displays no choice. */
      readonly choice: number | undefined;
      readonly isHeading: boolean;
    }
  /** Input box. `at` is a UTF-16 index in the input text. */
  | { readonly kind: "input"; readonly at: number }
  /**
   * Parts of the status line: the number of rows below, and the number of unread messages in rooms
   * that are not open.
   */
  | { readonly kind: "newest" | "unread" };

/** Index of the first visible line of a list, and its maximum. */
export interface ListScroll {
  readonly top: number;
  readonly topMax: number;
}

/** Scroll position of a list. Valid only while the target `open` remains open. */
export interface ListTop {
  readonly open: string | undefined;
  readonly top: number;
}
