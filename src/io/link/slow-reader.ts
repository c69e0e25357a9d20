/** Fault of a peer whose send queue is full. */

import { Fault } from "../../base/fault.ts";

export function slowReaderFault(): Fault {
  return new Fault("link-closed", "the peer reads too slowly");
}
