/** Text of an invite. */

import { parseFingerprint } from "../../../wire/fingerprint.ts";
import { quoteInvite } from "../../../wire/invite.ts";
import type { PageClient } from "../../driver/page-client.ts";
import type { InviteAddress } from "../../input/invite-addresses.ts";

/** Returns the server's address and fingerprint, with the secret of an invite or a reset. */
export function inviteText(
  { model }: PageClient,
  { host, port }: Pick<InviteAddress, "host" | "port">,
  secret?: string,
): string {
  const fingerprint = model.server?.fingerprint;
  return quoteInvite({
    host,
    port,
    portGiven: true,
    secret,
    fingerprint: fingerprint === undefined ? undefined : parseFingerprint(fingerprint),
  });
}
