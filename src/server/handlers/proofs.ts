/** Handlers of checkpoints and proofs. */

import type { ProofService } from "../rooms/proofs.ts";
import type { Handlers } from "./handler.ts";

export function proofHandlers(proofs: ProofService): Handlers<"checkpoint" | "inclusion"> {
  return {
    checkpoint: (request, { account }) => proofs.checkpoint(account, request),
    inclusion: (request, { account }) => proofs.inclusion(account, request),
  };
}
