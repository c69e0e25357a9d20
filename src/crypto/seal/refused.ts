/** The fault for each reason to refuse a commit. */

import { Fault } from "../../base/fault.ts";
import { REFUSALS, type Refusal } from "./commit-check.ts";

/** What is refused of our own wishes, or of a group that we were to join. */
export function refusedFault(reason: Refusal): Fault {
  return new Fault("seal-refused", REFUSALS[reason]);
}
