/** Recently chosen emoji, newest first, and the skin tone in this browser. */

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

const TONE_KEY = "chat.skin-tone";

export function skinTone(): string {
  const stored = readLocal(TONE_KEY);
  return typeof stored === "string" && /^\p{Emoji_Modifier}$/u.test(stored) ? stored : "";
}

export function storeSkinTone(tone: string): void {
  writeLocal(TONE_KEY, tone);
}
