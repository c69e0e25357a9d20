/** Recently chosen emoji of this browser, newest first. */

/** Two rows of a phone. */
const RECENT_MAX = 16;
const KEY = "chat.emoji";

export function recentEmoji(): readonly string[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    const all = Array.isArray(kept) ? kept.slice(0, RECENT_MAX) : [];
    return all.filter((one): one is string => typeof one === "string");
  } catch {
    return []; // The browser stores nothing, or the value is invalid.
  }
}

export function keepRecentEmoji(sign: string): void {
  const all = [sign, ...recentEmoji().filter((one) => one !== sign)];
  try {
    localStorage.setItem(KEY, JSON.stringify(all.slice(0, RECENT_MAX)));
  } catch {
    // Then nothing is remembered.
  }
}
