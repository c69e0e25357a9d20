/** Pictures on terminals that show them; on all others a file stays a line of text. */

import { PICTURE_BYTES_MAX } from "../../../base/limits-screen.ts";

export type PictureProtocol = "kitty" | "iterm2" | "sixel";

/** The room that a picture gets, in cells. */
export interface PictureSize {
  readonly columns: number;
  readonly rows: number;
}

/** Asks a terminal for the protocol of kitty, and then what it is, which every terminal answers. */
export const PICTURE_QUERY = "\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\\x1b[c";

/** Base64 in one sequence, as the protocol of kitty demands. */
const KITTY_CHUNK_CHARACTERS = 4096;
const ITERM_PROGRAMS: ReadonlySet<string> = new Set(["iTerm.app", "WezTerm", "mintty"]);
/** In the answer of DA1. */
const SIXEL_FEATURE = "4";

/**
 * @param answers to PICTURE_QUERY, one after the other
 * @returns undefined: no pictures
 */
export function pictureProtocol(
  answers: string,
  env: Readonly<Record<string, string | undefined>>,
): PictureProtocol | undefined {
  if (/\x1b_Gi=31;OK/.test(answers)) return "kitty";
  const isInside = env["TMUX"] !== undefined || env["STY"] !== undefined;
  const isIterm = ITERM_PROGRAMS.has(env["TERM_PROGRAM"] ?? "") || env["LC_TERMINAL"] === "iTerm2";
  if (isIterm && !isInside) return "iterm2";
  const [, features = ""] = /\x1b\[\?([\d;]*)c/.exec(answers) ?? [];
  return features.split(";").slice(1).includes(SIXEL_FEATURE) ? "sixel" : undefined;
}

/**
 * A PNG at the place of the cursor, which stays there.
 * @param id of the picture, to take it away again: from 1
 * @returns undefined: it is too large
 */
export function kittyPicture(png: Uint8Array, id: number, size: PictureSize): string | undefined {
  if (png.length > PICTURE_BYTES_MAX) return undefined;
  const base64 = Buffer.from(png).toString("base64");
  const about = `a=T,f=100,q=2,C=1,i=${id},c=${size.columns},r=${size.rows},`;
  let text = "";
  for (let at = 0; at < base64.length; at += KITTY_CHUNK_CHARACTERS) {
    const isMore = at + KITTY_CHUNK_CHARACTERS < base64.length;
    const chunk = base64.slice(at, at + KITTY_CHUNK_CHARACTERS);
    text += `\x1b_G${at === 0 ? about : ""}m=${isMore ? 1 : 0};${chunk}\x1b\\`;
  }
  return text;
}

/** Takes it off the screen, and out of the terminal's memory. */
export function withoutKittyPicture(id: number): string {
  return `\x1b_Ga=d,d=I,i=${id},q=2\x1b\\`;
}

/** A PNG at the place of the cursor, as iTerm2 has it. @returns undefined: it is too large */
export function itermPicture(png: Uint8Array, { columns, rows }: PictureSize): string | undefined {
  if (png.length > PICTURE_BYTES_MAX) return undefined;
  const about = `inline=1;size=${png.length};width=${columns};height=${rows};doNotMoveCursor=1`;
  return `\x1b]1337;File=${about}:${Buffer.from(png).toString("base64")}\x07`;
}
