/** Names of people on a wall: first names that tell everybody apart, whole names, or none. */

import { segmentsOf } from "../../base/text.ts";
import type { WallNames } from "../../core/rooms/wall.ts";
import { personText, type ShownNames } from "../text/person-text.ts";

/** Words that are no name without the next one: titles, and the first part of Arabic names. */
const TITLES: ReadonlySet<string> = new Set([
  ...["bu", "ibu", "pak", "bapak", "kak", "mas", "mbak", "bang", "ustaz", "ustazah", "gus"],
  ...["mr", "mrs", "ms", "miss", "dr", "prof", "sir", "drs", "ir", "h", "hj", "de", "la"],
  ...["abdul", "abd", "عبد", "أبو", "ابو", "أم", "ام", "بن"],
]);

function firstName(name: string): string {
  const words = name.split(" ").filter((word) => word !== "");
  const [first = name] = words;
  const isTitle = TITLES.has(first.toLowerCase().replace(/\.$/, ""));
  return isTitle && words[1] !== undefined ? `${first} ${words[1]}` : first;
}

/** The first name and the first letter of the last one, such as "Dewi A.". */
function withInitial(name: string): string {
  const first = firstName(name);
  const last = name.split(" ").findLast((word) => word !== "") ?? "";
  const initial = segmentsOf(last).containing(0)?.segment.toUpperCase() ?? "";
  return name === first ? name : `${first} ${initial}.`;
}

/**
 * Returns the name of each person, in a form that nobody else among them has. Names that look the
 * same also in full stay the same.
 */
export function wallNames(
  users: readonly string[],
  names: ShownNames,
  form: Exclude<WallNames, "none">,
): ReadonlyMap<string, string> {
  const whole = new Map(users.map((user) => [user, personText(names, user)]));
  if (form === "full") return whole;
  let shown = new Map([...whole].map(([user, name]) => [user, firstName(name)]));
  for (const longer of [withInitial, (name: string) => name]) {
    const counts = new Map<string, number>();
    for (const name of shown.values()) counts.set(name, (counts.get(name) ?? 0) + 1);
    shown = new Map(
      [...shown].map(([user, name]) => {
        const isShared = (counts.get(name) ?? 0) > 1;
        return [user, isShared ? longer(whole.get(user) ?? name) : name];
      }),
    );
  }
  return shown;
}
