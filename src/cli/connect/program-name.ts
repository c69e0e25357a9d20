/** The name under which this program was started. */

import { clientName } from "../../base/client-name.ts";
import { VERSION } from "../../base/version.ts";

const SYSTEMS: Readonly<Record<string, string>> = {
  linux: "Linux",
  darwin: "macOS",
  win32: "Windows",
};

/** Name of this program in its greeting; the owner of the account sees it in `chat devices`. */
export function programName(platform: string = process.platform): string {
  return clientName(`chat/${VERSION}`, `chat on ${SYSTEMS[platform] ?? platform}`);
}
