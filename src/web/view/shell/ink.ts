/** A person's ink: fill of the avatar and colour of the name. */

import type { CSSProperties } from "react";
import type { Person } from "../../../core/model/people.ts";

/** Number of inks, each for two tints. */
const INKS = 12;

export function inkOf({ tint }: Pick<Person, "tint">): CSSProperties {
  const ink = `--ink-${(tint % INKS) + 1}`;
  return { "--ink": `var(${ink})`, "--ink-text": `var(${ink}-text)` } as CSSProperties;
}
