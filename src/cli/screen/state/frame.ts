/** Rendered screen, passed from the view to the terminal. */

export interface Frame {
  /** Text, SGR and OSC 8 only. No line is wider than the terminal. */
  readonly lines: readonly string[];
  /** Position from 0; `undefined` if the cursor is hidden. */
  readonly cursor: { readonly row: number; readonly column: number } | undefined;
  /** Contains no control characters. */
  readonly title: string;
  readonly pictures?: readonly PictureBox[];
}

export interface PictureBox {
  /** Result of `pictureId`, to which the picture's cells refer. */
  readonly id: number;
  readonly columns: number;
  readonly rows: number;
}
