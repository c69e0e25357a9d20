/** The fault for each reason to refuse a commit. */

import { Fault } from "../../base/fault.ts";
import { REFUSALS, type Refusal } from "./commit-check.ts";

/** The fault of a refused local change, or of a refused group to join. */
export function refusedFault(reason: Refusal): Fault {
  return new Fault("seal-refused", REFUSALS[reason]);
}
