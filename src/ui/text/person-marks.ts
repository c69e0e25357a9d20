/** Marks beside a name: role and mute. */

import type { Texts } from "../messages/en/page.ts";

export type MarkTexts = Pick<Texts, "operator" | "moderator" | "mutedMark">;

export function personMarks(role: string, isMuted: boolean, texts: MarkTexts): readonly string[] {
  const { operator, moderator, mutedMark } = texts;
  const roles: Readonly<Record<string, string>> = { operator, moderator };
  return [roles[role], isMuted ? mutedMark : undefined].filter((mark) => mark !== undefined);
}
