/** Marks beside a name: role, mute, and whether a program uses the account. */

import { cleanText } from "../../base/text.ts";
import type { Texts } from "../messages/en/page.ts";

export type MarkTexts = Pick<Texts, "operator" | "moderator" | "bot" | "mutedMark" | "invitedMark">;

export function personMarks(
  person: {
    readonly role: string;
    readonly isBot?: boolean | undefined;
    readonly isMuted: boolean;
    readonly isInvited?: boolean | undefined;
    readonly status?: string | undefined;
  },
  texts: MarkTexts,
): readonly string[] {
  const { role, isBot, isMuted, isInvited, status } = person;
  const { operator, moderator, bot, mutedMark, invitedMark } = texts;
  const roles: Readonly<Record<string, string>> = { operator, moderator };
  const marks = [roles[role], isBot ? bot : undefined, isMuted ? mutedMark : undefined];
  if (isInvited === true) marks.push(invitedMark);
  if (status !== undefined) marks.push(cleanText(status));
  return marks.filter((mark) => mark !== undefined);
}
