/** Targets of mouse clicks and of the wheel. */

export type Hit =
  | { readonly kind: "rooms"; readonly target: string | undefined }
  | { readonly kind: "members"; readonly name: string | undefined }
  | {
      readonly kind: "timeline";
      readonly key: string | undefined;
      readonly clickAction: "fetch" | "unfold" | undefined;
      readonly link: string | undefined;
    }
  | { readonly kind: "overlay"; readonly choice: number | undefined; readonly isHeading: boolean }
  /** `at` is a UTF-16 index in the input text. */
  | { readonly kind: "input"; readonly at: number }
  /** Parts of the status line: the number of rows below, and the unread count of other rooms. */
  | { readonly kind: "newest" | "unread" };

/** Index of a list's first visible line, and its maximum. */
export interface ListScroll {
  readonly top: number;
  readonly topMax: number;
}

/** Valid only while the target `open` remains open. */
export interface ListTop {
  readonly open: string | undefined;
  readonly top: number;
}
