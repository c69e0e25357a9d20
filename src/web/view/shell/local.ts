/** Values in local storage, as JSON. Without storage, values last until the page closes. */

import { decodeJson } from "../../../base/decode.ts";

export const SETTINGS_KEY = "chat.settings";
/** True once this browser has had an account, so that its users get no empty sign-in form first. */
export const KNOWN_KEY = "chat.known";

/** @returns `undefined` if the value is absent or invalid */
export function readLocal(key: string): unknown {
  try {
    return decodeJson(localStorage.getItem(key) ?? "null") ?? undefined;
  } catch {
    return undefined;
  }
}

/** @returns why the browser does not store the value; `undefined` if it does */
export function writeLocal(key: string, value: unknown): unknown {
  try {
    localStorage.setItem(key, JSON.stringify(value));
    return undefined;
  } catch (error) {
    return error;
  }
}
