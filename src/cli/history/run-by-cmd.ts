/** Programs that the command interpreter of Windows runs. */

import { win32 } from "node:path";

/**
 * Reports whether Windows runs the program with cmd, which expands `%CHAT_TEXT%` before it parses a
 * line, so that quotes do not keep a text from becoming a command.
 */
export function isRunByCmd(path: string, platform: NodeJS.Platform = process.platform): boolean {
  if (platform !== "win32") return false;
  // Windows ignores dots and spaces at the end of a name.
  const name = win32
    .basename(path)
    .replace(/(?<![. ])[. ]+$/, "")
    .toLowerCase();
  return /\.(?:cmd|bat)$/.test(name) || /^(?:cmd(?:\.exe)?|command\.com)$/.test(name);
}
