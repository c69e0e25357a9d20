/** Encrypts and delivers push messages. */

import { fromBase64Url } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import { PUSH_TTL_S } from "../../base/limits-page.ts";
import { quoteText } from "../../base/text.ts";
import type { Identity } from "../../crypto/identity.ts";
import {
  isPushPoint,
  type PushKey,
  type PushOptions,
  pushKeyOf,
  type SealedPush,
  sealPush,
} from "../../crypto/push-message.ts";
import { checkEndpoint, type PushPosterOptions, postPush } from "../../io/push/post.ts";
import type { PushDelivery } from "../../server/push/sender.ts";
import { type FlagDefs, flag, stringFlag } from "../command.ts";

export const PUSH_FLAGS = {
  push: stringFlag(
    "MAIL",
    "Send push notifications while the page is closed; MAIL is a contact for push services",
  ),
  pushPrivate: flag("Allow push services in private networks"),
} as const satisfies FlagDefs;

const MAIL = /^[^\s@<>"]{1,64}@[^\s@<>"]{1,190}$/;

/**
 * Parses the contact for push services (RFC 8292), a mail address or an https page.
 * @throws {Fault} usage
 */
export function pushContact(contact: string): string {
  const text = contact.replace(/^mailto:/i, "");
  if (MAIL.test(text)) return `mailto:${text}`;
  if (URL.canParse(contact) && new URL(contact).protocol === "https:") return new URL(contact).href;
  throw new Fault("usage", `invalid mail address: ${quoteText(contact)}`, {
    remedy: "use --push you@example.org, so that push services can contact you",
  });
}

export interface PushSettings extends PushPosterOptions {
  readonly contact: string;
}

export function pushDelivery(identity: Identity, settings: PushSettings): PushDelivery {
  const signer = pushKeyOf(identity);
  return {
    key: signer.publicKey,
    check(endpoint, key) {
      checkEndpoint(endpoint, settings.isPrivateAllowed);
      if (!isPushPoint(key)) throw new Fault("not-allowed", "invalid browser push key");
    },
    async send({ endpoint, key, auth }, { text, topic }) {
      const { contact } = settings;
      const sealed = await encrypted(
        () => ({
          endpoint,
          text,
          topic,
          contact,
          key: fromBase64Url(key),
          auth: fromBase64Url(auth),
          ttlS: PUSH_TTL_S,
        }),
        signer,
      );
      return postPush({ endpoint, ...sealed }, settings);
    },
  };
}

/** @throws {Fault} not-allowed if the stored key is invalid */
async function encrypted(push: () => PushOptions, signer: PushKey): Promise<SealedPush> {
  try {
    return await sealPush(push(), signer);
  } catch (cause) {
    throw new Fault("not-allowed", "invalid browser push key", { cause });
  }
}
