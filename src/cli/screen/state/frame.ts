/** Rendered screen, which the view passes to the terminal. */

export interface Frame {
  /** Lines that contain text, SGR and OSC 8 only. No line is wider than the terminal. */
  readonly lines: readonly string[];
  /** Cursor position, from 0; `undefined` if the cursor is hidden. */
  readonly cursor: { readonly row: number; readonly column: number } | undefined;
  /** Window title without control characters. */
  readonly title: string;
  /** Pictures of which at least one cell is visible. */
  readonly pictures?: readonly PictureBox[];
}

/** A picture with its size on the screen in cells. */
export interface PictureBox {
  /** Id from `pictureId`. The cells of the picture refer to it. */
  readonly id: number;
  readonly columns: number;
  readonly rows: number;
}
