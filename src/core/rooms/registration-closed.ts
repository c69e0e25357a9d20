/** Refusal of a new account by a server, and by a client that knows of it beforehand. */

import { Fault, msg } from "../../base/fault.ts";

export function registrationClosed(): Fault {
  return new Fault("not-allowed", msg`registration is closed`, { remedy: msg`ask for an invite` });
}
