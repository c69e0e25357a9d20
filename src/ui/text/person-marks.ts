/** Marks beside a name: role, mute, and whether a program uses the account. */

import type { Texts } from "../messages/en/page.ts";

export type MarkTexts = Pick<Texts, "operator" | "moderator" | "bot" | "mutedMark">;

export function personMarks(
  { role, isBot, isMuted }: { role: string; isBot?: boolean | undefined; isMuted: boolean },
  texts: MarkTexts,
): readonly string[] {
  const { operator, moderator, bot, mutedMark } = texts;
  const roles: Readonly<Record<string, string>> = { operator, moderator };
  const marks = [roles[role], isBot ? bot : undefined, isMuted ? mutedMark : undefined];
  return marks.filter((mark) => mark !== undefined);
}
