/** Recently chosen emoji in this browser, newest first. */

import { readLocal, writeLocal } from "../shell/local.ts";

const RECENT_MAX = 16;
const KEY = "chat.emoji";

export function recentEmoji(): readonly string[] {
  const stored = readLocal(KEY);
  const all: readonly unknown[] = Array.isArray(stored) ? stored.slice(0, RECENT_MAX) : [];
  return all.filter((entry) => typeof entry === "string");
}

export function addRecentEmoji(emoji: string): void {
  const all = [emoji, ...recentEmoji().filter((entry) => entry !== emoji)];
  writeLocal(KEY, all.slice(0, RECENT_MAX));
}
