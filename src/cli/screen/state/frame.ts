/** A rendered screen, as passed from the view to the terminal. */

export interface Frame {
  /** Rows with SGR and OSC 8 only, never wider than the terminal. */
  readonly lines: readonly string[];
  /** Cursor position from 0; `undefined` if the cursor is hidden. */
  readonly cursor: { readonly row: number; readonly column: number } | undefined;
  /** Cleaned window title. */
  readonly title: string;
  /** Pictures with at least one visible cell. */
  readonly pictures?: readonly PictureBox[];
}

/** A picture on the screen, measured in cells. */
export interface PictureBox {
  /** Id from `pictureId`, by which cells refer to the picture. */
  readonly id: number;
  readonly columns: number;
  readonly rows: number;
}
