/** Marks of people in the open room. */

import { createContext, useContext } from "react";
import { NOBODY, tintIn } from "../../../core/model/people.ts";

export const PeopleContext = createContext(NOBODY);

export function useTint(name: string): { readonly color: string } {
  return { color: `var(--tint-${tintIn(useContext(PeopleContext), name)})` };
}
