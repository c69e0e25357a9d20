/** Escape sequences that send pictures to a terminal. */

import { PICTURE_PIECE_BYTES_MAX } from "../../../base/limits-screen.ts";
import type { PictureBox } from "../state/frame.ts";

/** Maximum number of base64 characters in a sequence. The kitty protocol sets this limit. */
const KITTY_CHUNK_CHARACTERS = 4096;
const CHUNKS_PER_PIECE = Math.floor(PICTURE_PIECE_BYTES_MAX / (KITTY_CHUNK_CHARACTERS + 32));

/**
 * Wraps a sequence so that tmux forwards it to the outer terminal. tmux does so only with
 * `allow-passthrough` enabled.
 */
export function wrapForTmux(sequence: string): string {
  return `\x1bPtmux;${sequence.replaceAll("\x1b", "\x1b\x1b")}\x1b\\`;
}

/**
 * Encodes a picture for the kitty graphics protocol, to be displayed in placeholder cells or at the
 * cursor.
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

/** Returns the sequence that deletes a picture from the screen and from the terminal's memory. */
export function removeKitty(id: number): string {
  return `\x1b_Ga=d,d=I,i=${id},q=2\x1b\\`;
}

/** Sequence that ends a picture of which some chunks are unsent. */
export const KITTY_ABORT = "\x1b_Gq=2,m=0;\x1b\\";

/**
 * Returns the sequence that displays a picture at the cursor in the iTerm2 protocol.
 * @param bytes PNG or JPEG
 */
export function itermPicture(bytes: Uint8Array, { columns, rows }: PictureBox): string {
  const header = `inline=1;size=${bytes.length};width=${columns};height=${rows};doNotMoveCursor=1`;
  return `\x1b]1337;File=${header}:${Buffer.from(bytes).toString("base64")}\x07`;
}
