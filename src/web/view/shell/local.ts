/** Values in local storage, as JSON. A browser that stores nothing forgets them with the page. */

/** @returns `undefined` if there is none, or it is invalid */
export function readLocal(key: string): unknown {
  try {
    return JSON.parse(localStorage.getItem(key) ?? "null") ?? undefined;
  } catch {
    return undefined;
  }
}

export function writeLocal(key: string, value: unknown): void {
  try {
    localStorage.setItem(key, JSON.stringify(value));
  } catch {
    // The value lasts until the page is closed.
  }
}
