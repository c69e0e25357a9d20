/** Stamps on work: a sign and a word in the ink of the moderator who corrects. */

import { cleanText } from "../../../base/text.ts";
import type { Stamp } from "../../../wire/messages.ts";
import { Icon, type IconName } from "../shell/icons.tsx";
import { inkOf } from "../shell/ink.ts";
import { usePerson } from "./person.tsx";

export const STAMP_ICONS: Readonly<Record<Stamp, IconName>> = {
  seen: "eye",
  "well-done": "star",
  fix: "edit",
  again: "again",
};

interface StampedProps {
  readonly stamp: Stamp;
  readonly word: string;
  readonly from: string;
}

/** A stamp as its reader sees it in the talk. */
export function Stamped({ stamp, word, from }: StampedProps) {
  const person = usePerson(from);
  return (
    <p className="stamp" style={inkOf(person)}>
      <Icon name={STAMP_ICONS[stamp]} />
      <span dir="auto">{cleanText(word)}</span>
    </p>
  );
}
