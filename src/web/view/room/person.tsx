/** Avatar and marks of a person. */

import { type CSSProperties, createContext, useContext } from "react";
import { NOBODY, type Person } from "../../../core/model/people.ts";
import { tintOf } from "../../../core/model/tint.ts";
import { initialsOf } from "../../../ui/text/initials.ts";

/** People of the open room. */
export const PeopleContext = createContext(NOBODY);

export function usePerson(name: string): Person {
  const people = useContext(PeopleContext);
  return people.get(name.toLowerCase()) ?? { tint: tintOf(name), role: "member" };
}

export function tintColor({ tint }: Pick<Person, "tint">): string {
  return `var(--tint-${tint})`;
}

/** The style sheet inserts the initials, so that nobody copies them or hears the name twice. */
export function Avatar({ name, tint }: Pick<Person, "tint"> & { readonly name: string }) {
  return (
    <span
      className="avatar"
      style={{ "--tint": tintColor({ tint }) } as CSSProperties}
      data-initials={initialsOf(name)}
      aria-hidden="true"
    />
  );
}
