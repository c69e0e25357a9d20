/** Pictures as terminals take them. */

import { PICTURE_PIECE_BYTES_MAX } from "../../../base/limits-screen.ts";
import type { PictureBox } from "../state/frame.ts";

/** Base64 in one sequence, as the protocol of kitty demands. */
const KITTY_CHUNK_CHARACTERS = 4096;
const CHUNKS = Math.floor(PICTURE_PIECE_BYTES_MAX / (KITTY_CHUNK_CHARACTERS + 32));

/** What tmux hands on to the terminal around it, where `allow-passthrough` is on. */
export function throughTmux(sequence: string): string {
  return `\x1bPtmux;${sequence.replaceAll("\x1b", "\x1b\x1b")}\x1b\\`;
}

/**
 * A picture that shows wherever the screen has its cells; or at the place of the cursor.
 * @param png whatever its size: the terminal makes it fit
 * @param wrap around each sequence
 * @returns pieces: between two of them anything else may be written
 */
export function kittyPieces(
  png: Uint8Array,
  { id, columns, rows }: PictureBox,
  where: "cells" | "cursor",
  wrap: (sequence: string) => string = (sequence) => sequence,
): readonly string[] {
  const base64 = Buffer.from(png).toString("base64");
  const way = where === "cells" ? "U=1" : "C=1";
  const about = `a=T,${way},f=100,q=2,i=${id},c=${columns},r=${rows},`;
  const chunks: string[] = [];
  for (let at = 0; at < base64.length; at += KITTY_CHUNK_CHARACTERS) {
    const isMore = at + KITTY_CHUNK_CHARACTERS < base64.length;
    const chunk = base64.slice(at, at + KITTY_CHUNK_CHARACTERS);
    chunks.push(wrap(`\x1b_G${at === 0 ? about : "q=2,"}m=${isMore ? 1 : 0};${chunk}\x1b\\`));
  }
  const pieces: string[] = [];
  for (let at = 0; at < chunks.length; at += CHUNKS) {
    pieces.push(chunks.slice(at, at + CHUNKS).join(""));
  }
  return pieces;
}

/** Takes it off the screen, and out of the terminal's memory. */
export function withoutKitty(id: number): string {
  return `\x1b_Ga=d,d=I,i=${id},q=2\x1b\\`;
}

/** Ends a picture whose pieces have not all come. */
export const KITTY_BROKEN_OFF = "\x1b_Gq=2,m=0;\x1b\\";

/**
 * At the place of the cursor, as iTerm2 has it.
 * @param bytes PNG or JPEG
 */
export function itermPicture(bytes: Uint8Array, { columns, rows }: PictureBox): string {
  const about = `inline=1;size=${bytes.length};width=${columns};height=${rows};doNotMoveCursor=1`;
  return `\x1b]1337;File=${about}:${Buffer.from(bytes).toString("base64")}\x07`;
}
