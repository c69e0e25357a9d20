/** Name of this program in its greeting. */

import { clientName } from "../../base/client-name.ts";
import { VERSION } from "../../base/version.ts";

const SYSTEMS: Readonly<Record<string, string>> = {
  linux: "Linux",
  darwin: "macOS",
  win32: "Windows",
};

export function programName(platform: string = process.platform): string {
  return clientName(`chat/${VERSION}`, `chat on ${SYSTEMS[platform] ?? platform}`);
}
