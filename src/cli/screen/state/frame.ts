/** One whole screen, as the view made it and the terminal is to show it. */
export interface Frame {
  /** One for each row: text with SGR and OSC 8 alone, never wider than the terminal. */
  readonly lines: readonly string[];
  /** Where the terminal's own cursor stands, from 0; undefined: it is hidden. */
  readonly cursor: { readonly row: number; readonly column: number } | undefined;
  /** Of the window: cleaned text. */
  readonly title: string;
  /** Those that the lines have cells of, all of them or some. */
  readonly pictures?: readonly PictureBox[];
}

/** A picture on the screen, in cells. */
export interface PictureBox {
  /** Of `pictureId`: by it the cells say which picture they are of. */
  readonly id: number;
  readonly columns: number;
  readonly rows: number;
}
