/** Detects a terminal's picture protocol. */

import { PICTURE_PIECE_BYTES_MAX } from "../../../base/limits-screen.ts";
import type { PictureBox } from "../state/screen-state.ts";

/** `kitty` draws pictures in placeholder cells; `kitty-direct` draws them at the cursor. */
export type PictureProtocol = "kitty" | "kitty-direct" | "iterm2" | "sixel";

export interface PictureTerminal {
  readonly protocol: PictureProtocol | undefined;
  readonly cell: { readonly width: number; readonly height: number };
}

type Env = Readonly<Record<string, string | undefined>>;

/** Query for the cell size and the window size, in pixels. */
export const CELL_QUERY = "\x1b[16t\x1b[14t";
/** Query for the terminal's name, kitty support and the sizes of CELL_QUERY. */
export const PICTURE_QUERY = `\x1b[>q\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\${CELL_QUERY}`;

const DEVICE_ATTRIBUTES = /\x1b\[\?([\d;]*)c/;
const CELL = /\x1b\[6;(\d{1,4});(\d{1,4})t/;
const WINDOW = /\x1b\[4;(\d{1,5});(\d{1,5})t/;
const NAME = /\x1bP>\|([^\x1b\x07]*)/;
/** Attribute for sixel support in the answer to DA1. */
const SIXEL_FEATURE = "4";
/**
 * Cell size in pixels for terminals that do not report it. It is smaller than most cells, so that a
 * sixel picture does not extend beyond its cells.
 */
const CELL_DEFAULT = { width: 8, height: 16 };
const CELL_PIXELS_MAX = 200;
/** Terminals with placeholder cells; kitty has them since 0.28. */
const PLACEHOLDER_TERMINALS = /^(?:kitty\((?:0\.(?:2[89]|[3-9]\d|\d{3,})|[1-9])|ghostty)/i;
/**
 * Terminals with the iTerm2 protocol in which text erases the picture below it. Konsole is not
 * included, because it keeps the picture.
 */
const ITERM = /^(?:iterm|wezterm|mintty)/i;

/** tmux, screen and zellij forward pictures without their position. */
export function isMultiplexed(env: Env): boolean {
  const hasVariable = ["TMUX", "STY", "ZELLIJ"].some((name) => (env[name] ?? "") !== "");
  return hasVariable || /^(?:screen|tmux)/.test(env["TERM"] ?? "");
}

/**
 * @param answers concatenated answers to PICTURE_QUERY, with the answer to DA1 last
 * @param size size of the screen in cells
 */
export function pictureTerminal(
  answers: string,
  env: Env,
  size: { readonly columns: number; readonly rows: number },
): PictureTerminal {
  return { protocol: protocolOf(answers, env), cell: cellOf(answers, size) };
}

function protocolOf(answers: string, env: Env): PictureProtocol | undefined {
  if (isMultiplexed(env)) return undefined;
  const name = nameOf(answers, env);
  if (ITERM.test(name)) return "iterm2";
  if (/\x1b_Gi=31;OK/.test(answers)) return kittyOf(answers, env);
  const [, features = ""] = DEVICE_ATTRIBUTES.exec(answers) ?? [];
  return features.split(";").slice(1).includes(SIXEL_FEATURE) ? "sixel" : undefined;
}

export function kittyOf(answers: string, env: Env): PictureProtocol {
  // In a multiplexer, only placeholder cells appear at the right position.
  return isMultiplexed(env) || PLACEHOLDER_TERMINALS.test(nameOf(answers, env))
    ? "kitty"
    : "kitty-direct";
}

/**
 * The reported name has priority over the environment, which may come from a different terminal.
 */
function nameOf(answers: string, env: Env): string {
  const [, name = ""] = NAME.exec(answers) ?? [];
  return name === "" ? (env["TERM_PROGRAM"] ?? env["LC_TERMINAL"] ?? "") : name;
}

/**
 * Returns the smaller of the reported cell size and the window size divided by the number of cells.
 * A terminal may round a cell of 9.6 pixels up to 10, whereas the window size is exact.
 */
function cellOf(
  answers: string,
  { columns, rows }: { readonly columns: number; readonly rows: number },
): PictureTerminal["cell"] {
  const [, height = "", width = ""] = CELL.exec(answers) ?? [];
  const [, windowHeight = "", windowWidth = ""] = WINDOW.exec(answers) ?? [];
  const replies = [
    { width: Number(width), height: Number(height) },
    {
      width: Math.floor(Number(windowWidth) / columns),
      height: Math.floor(Number(windowHeight) / rows),
    },
  ].filter(isCell);
  if (replies.length === 0) return CELL_DEFAULT;
  return {
    width: Math.min(...replies.map((cell) => cell.width)),
    height: Math.min(...replies.map((cell) => cell.height)),
  };
}

function isCell({ width, height }: PictureTerminal["cell"]): boolean {
  return [width, height].every((side) => side >= 2 && side <= CELL_PIXELS_MAX);
}

/** Maximum number of base64 characters in a sequence, set by the kitty protocol. */
const KITTY_CHUNK_CHARACTERS = 4096;
const CHUNKS_PER_PIECE = Math.floor(PICTURE_PIECE_BYTES_MAX / (KITTY_CHUNK_CHARACTERS + 32));

/** Makes tmux forward a sequence to the outer terminal, which requires `allow-passthrough`. */
export function wrapForTmux(sequence: string): string {
  return `\x1bPtmux;${sequence.replaceAll("\x1b", "\x1b\x1b")}\x1b\\`;
}

/**
 * Encodes a picture for placeholder cells or for the cursor position.
 * @param png PNG of any size, which the terminal scales
 * @param wrap function applied to each escape sequence
 * @returns chunks, between which other output may be written
 */
export function kittyPieces(
  png: Uint8Array,
  { id, columns, rows }: PictureBox,
  placement: "cells" | "cursor",
  wrap: (sequence: string) => string = (sequence) => sequence,
): readonly string[] {
  const base64 = Buffer.from(png).toString("base64");
  const placementKey = placement === "cells" ? "U=1" : "C=1";
  const header = `a=T,${placementKey},f=100,q=2,i=${id},c=${columns},r=${rows},`;
  const chunks: string[] = [];
  for (let at = 0; at < base64.length; at += KITTY_CHUNK_CHARACTERS) {
    const hasMore = at + KITTY_CHUNK_CHARACTERS < base64.length;
    const chunk = base64.slice(at, at + KITTY_CHUNK_CHARACTERS);
    chunks.push(wrap(`\x1b_G${at === 0 ? header : "q=2,"}m=${hasMore ? 1 : 0};${chunk}\x1b\\`));
  }
  const pieces: string[] = [];
  for (let at = 0; at < chunks.length; at += CHUNKS_PER_PIECE) {
    pieces.push(chunks.slice(at, at + CHUNKS_PER_PIECE).join(""));
  }
  return pieces;
}

export function removeKitty(id: number): string {
  return `\x1b_Ga=d,d=I,i=${id},q=2\x1b\\`;
}

/** Ends a picture that has unsent chunks. */
export const KITTY_ABORT = "\x1b_Gq=2,m=0;\x1b\\";

export function itermPicture(bytes: Uint8Array, { columns, rows }: PictureBox): string {
  const header = `inline=1;size=${bytes.length};width=${columns};height=${rows};doNotMoveCursor=1`;
  return `\x1b]1337;File=${header}:${Buffer.from(bytes).toString("base64")}\x07`;
}
