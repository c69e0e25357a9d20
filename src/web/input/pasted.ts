/** Whether a paste that has text and files is meant as text. */

import { tryDecodeUri } from "../../base/decode.ts";

export interface Pasted {
  readonly text: string;
  /** Media types on the clipboard. */
  readonly types: readonly string[];
  readonly fileNames: readonly string[];
}

/**
 * Spreadsheets and word processors add a picture of the text that they copy. File managers add the
 * names or paths of the files, and browsers the address of a picture.
 */
export function isPastedText({ text, types, fileNames }: Pasted): boolean {
  if (text.trim() === "") return false;
  if (fileNames.length === 0 || types.includes("text/html") || types.includes("text/rtf"))
    return true;
  const lines = text.trim().split(/\r?\n/);
  const namesFiles = lines.every((line) => fileNames.includes(lastSegment(line.trim())));
  const isAddress = lines.length === 1 && /^(?:https?|file|blob|data):\S+$/i.test(lines[0] ?? "");
  return !namesFiles && !isAddress;
}

function lastSegment(path: string): string {
  const name = path.slice(Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1);
  const isEncoded = path.startsWith("file:");
  return isEncoded ? (tryDecodeUri(name) ?? name) : name;
}
