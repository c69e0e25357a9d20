/** Values in local storage, as JSON. Without storage, values last until the page closes. */

import { decodeJson } from "../../../base/decode.ts";

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
