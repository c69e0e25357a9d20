import { type LocationFinding, searchLocation } from "../../../src/core/client/location.ts";

/** Searches the bytes of a whole file. */
export function locationIn(bytes: Uint8Array): LocationFinding {
  const search = searchLocation();
  let step = search.next();
  while (step.done !== true) {
    const { at, length } = step.value;
    step = search.next(bytes.subarray(at, at + length));
  }
  return step.value;
}
