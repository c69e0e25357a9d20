/** Letters of a wall that the last row of a room can read: bitmaps of three by five pixels. */

const GLYPH_COLUMNS = 3;
const GLYPH_ROWS = 5;

/** Rows from the top, separated by blanks. */
const GLYPHS: Readonly<Record<string, string>> = {
  "0": "### #.# #.# #.# ###",
  "1": ".#. ##. .#. .#. ###",
  "2": "### ..# ### #.. ###",
  "3": "### ..# ### ..# ###",
  "4": "#.# #.# ### ..# ..#",
  "5": "### #.. ### ..# ###",
  "6": "### #.. ### #.# ###",
  "7": "### ..# ..# ..# ..#",
  "8": "### #.# ### #.# ###",
  "9": "### #.# ### ..# ###",
  ".": "... ... ... ... .#.",
  ":": "... .#. ... .#. ...",
  "-": "... ... ### ... ...",
  "/": "..# ..# .#. #.. #..",
  " ": "... ... ... ... ...",
  A: ".#. #.# ### #.# #.#",
  B: "##. #.# ##. #.# ##.",
  C: ".## #.. #.. #.. .##",
  D: "##. #.# #.# #.# ##.",
  E: "### #.. ##. #.. ###",
  F: "### #.. ##. #.. #..",
  G: ".## #.. #.# #.# .##",
  H: "#.# #.# ### #.# #.#",
  I: "### .#. .#. .#. ###",
  J: "..# ..# ..# #.# .#.",
  K: "#.# #.# ##. #.# #.#",
  L: "#.. #.. #.. #.. ###",
  M: "#.# ### ### #.# #.#",
  N: "#.# ### ### ### #.#",
  O: "### #.# #.# #.# ###",
  P: "##. #.# ##. #.. #..",
  Q: "### #.# #.# ### ..#",
  R: "##. #.# ##. #.# #.#",
  S: ".## #.. .#. ..# ##.",
  T: "### .#. .#. .#. .#.",
  U: "#.# #.# #.# #.# ###",
  V: "#.# #.# #.# #.# .#.",
  W: "#.# #.# ### ### #.#",
  X: "#.# #.# .#. #.# #.#",
  Y: "#.# #.# .#. .#. .#.",
  Z: "### ..# .#. #.. ###",
};

/**
 * Draws a text in capital letters. A pixel of the small letters is half a cell, one of the large
 * ones two cells.
 * @returns `undefined` if the text is too wide, or has a letter without a large form
 */
export function bigText(
  text: string,
  columns: number,
  isLarge: boolean,
): readonly string[] | undefined {
  const letters = [...text.toUpperCase()];
  const width = letters.length * (GLYPH_COLUMNS + 1) - 1;
  if (letters.length === 0 || width * (isLarge ? 2 : 1) > columns) return undefined;
  if (!letters.every((letter) => Object.hasOwn(GLYPHS, letter))) return undefined;
  const rows = Array.from({ length: GLYPH_ROWS }, (_, row) =>
    letters.map((letter) => GLYPHS[letter]?.split(" ")[row] ?? "").join("."),
  );
  return isLarge ? rows.map(largePixels) : halfRows(rows);
}

function largePixels(row: string): string {
  return row.replaceAll("#", "██").replaceAll(".", "  ");
}

/** Two rows of pixels in one row of cells. */
function halfRows(rows: readonly string[]): readonly string[] {
  return rows.flatMap((upper, at) => {
    if (at % 2 === 1) return [];
    const lower = rows[at + 1] ?? "";
    const cells = [...upper].map((pixel, column) => {
      const isBelow = lower[column] === "#";
      return pixel === "#" ? (isBelow ? "█" : "▀") : isBelow ? "▄" : " ";
    });
    return [cells.join("")];
  });
}
