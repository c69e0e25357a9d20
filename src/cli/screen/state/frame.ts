/** One whole screen, as the view made it and the terminal is to show it. */
export interface Frame {
  /** One for each row: text with SGR and OSC 8 alone, never wider than the terminal. */
  readonly lines: readonly string[];
  /** Where the terminal's own cursor stands, from 0; undefined: it is hidden. */
  readonly cursor: { readonly row: number; readonly column: number } | undefined;
  /** Of the window: cleaned text. */
  readonly title: string;
}
