/** What stands at one place of the screen: for clicks and the wheel. */
export type Hit =
  /** The list of rooms; undefined: none of them is there. */
  | { readonly kind: "rooms"; readonly target: string | undefined }
  | { readonly kind: "members"; readonly name: string | undefined }
  | {
      readonly kind: "timeline";
      /** Of the row. */
      readonly key: string | undefined;
      readonly does: "fetch" | "unfold" | undefined;
      /** A web address. */
      readonly link: string | undefined;
    }
  | {
      readonly kind: "overlay";
      /** Of what it lists, from 0. */
      readonly choice: number | undefined;
      readonly isHeading: boolean;
    }
  /** Where the cursor would stand: of the text, UTF-16. */
  | { readonly kind: "input"; readonly at: number }
  /** "More below"; what is unread elsewhere. */
  | { readonly kind: "newest" | "unread" };

/** A list that the wheel moves: its first line, and how far it can go. */
export interface ListPlace {
  readonly top: number;
  readonly topMax: number;
}

/** Where a list was moved to, as long as the same is open. */
export interface ListTop {
  readonly open: string | undefined;
  readonly top: number;
}
