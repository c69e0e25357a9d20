/** Escape sequences that send pictures to a terminal. */

import { PICTURE_PIECE_BYTES_MAX } from "../../../base/limits-screen.ts";
import type { PictureBox } from "../state/frame.ts";

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
