/** A rendered screen, as passed from the view to the terminal. */

export interface Frame {
  /** Text of each row, with only SGR and OSC 8, never wider than the terminal. */
  readonly lines: readonly string[];
  /** Position of the terminal's cursor, from 0; `undefined` if it is hidden. */
  readonly cursor: { readonly row: number; readonly column: number } | undefined;
  /** Window title: cleaned text. */
  readonly title: string;
  /** Pictures of which some or all cells are in the lines. */
  readonly pictures?: readonly PictureBox[];
}

/** A picture on the screen, in cells. */
export interface PictureBox {
  /** Value of `pictureId`, by which cells refer to the picture. */
  readonly id: number;
  readonly columns: number;
  readonly rows: number;
}
