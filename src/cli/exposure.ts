/** Warnings about keys that other accounts of this machine can read. */

import { dirname, join } from "node:path";
import { exposureOf } from "../io/disk/private-path.ts";
import { type Context, printNotice } from "./context.ts";
import { quoteArgument } from "./shell-quote.ts";

/** Files of a data folder, or of a backup, with which a reader could act as server or operator. */
const SERVER_KEYS = ["operator", "identity.key", "tls.key", "ca.key"];
/** File of a home with which a reader could act as the user. */
const HOME_KEY = "device.key";

export interface KeyWarning {
  readonly message: string;
  readonly remedy: string;
}

/** @returns `undefined` if the keys in the data folder or backup are private */
export function serverKeyWarning(folder: string): KeyWarning | undefined {
  return keyWarning(SERVER_KEYS.map((name) => join(folder, name)));
}

/** @returns `undefined` if the key in the home is private */
export function homeKeyWarning(home: string): KeyWarning | undefined {
  return keyWarning([join(home, HOME_KEY)]);
}

export function printKeyWarning(context: Context, warning: KeyWarning | undefined): void {
  if (warning !== undefined) printNotice(context, `${warning.message}; ${warning.remedy}`);
}

function keyWarning(keys: readonly string[]): KeyWarning | undefined {
  for (const key of keys) {
    const exposure = exposureOf(key);
    if (exposure === undefined) continue;
    const folder = dirname(key);
    if (exposure.kind === "mode") {
      const message = `${key} is readable by others (mode ${exposure.mode.toString(8)})`;
      return { message, remedy: `chmod 600 ${quoteArgument(key)}` };
    }
    const { icacls } = exposure;
    const command = ["icacls", folder, ...icacls, "/T"]
      .map((word) => quoteArgument(word))
      .join(" ");
    const fix = icacls.length === 0 ? "" : `run ${command}, or `;
    return {
      message: `other accounts of this machine can read ${key}`,
      remedy: `${fix}move ${folder} below your user folder`,
    };
  }
  return undefined;
}
