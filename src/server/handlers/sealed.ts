/** Handlers of sealed rooms. */

import type { SealedService } from "../sealed/service.ts";
import { type Handlers, NO_SEALING, needed } from "./handler.ts";

type SealedKind =
  | ("key-packages" | "key-package" | "seal-lease")
  | ("group-create" | "group-commit" | "group");

/** @param sealed `undefined` if sealed rooms are disabled */
export function sealedHandlers(sealed: SealedService | undefined): Handlers<SealedKind> {
  const service = () => needed(sealed, NO_SEALING);
  return {
    "key-packages": (request, { client, account }) =>
      service().addKeyPackages(client, account, request),
    "key-package": ({ user }, { client, account }) =>
      service().takeKeyPackages(client, account, user),
    "seal-lease": (request, { client, account }) => service().takeLease(client, account, request),
    "group-create": (request, { client, account }) => service().commit(client, account, request),
    "group-commit": (request, { client, account }) => service().commit(client, account, request),
    group: ({ target }, { account }) => service().group(account, target),
  };
}
