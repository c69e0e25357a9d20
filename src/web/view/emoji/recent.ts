/** Recently chosen emoji of this browser, newest first. */

import { keepLocal, readLocal } from "../shell/local.ts";

/** Two rows of a phone. */
const RECENT_MAX = 16;
const KEY = "chat.emoji";

export function recentEmoji(): readonly string[] {
  const kept = readLocal(KEY);
  const all: readonly unknown[] = Array.isArray(kept) ? kept.slice(0, RECENT_MAX) : [];
  return all.filter((one) => typeof one === "string");
}

export function keepRecentEmoji(sign: string): void {
  const all = [sign, ...recentEmoji().filter((one) => one !== sign)];
  keepLocal(KEY, all.slice(0, RECENT_MAX));
}
