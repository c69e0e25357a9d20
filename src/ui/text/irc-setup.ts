/** The settings that a user enters in an IRC client. */

import { toHex } from "../../base/bytes.ts";
import type { Answer } from "../../wire/messages.ts";
import type { ENGLISH_IRC } from "../messages/en/irc.ts";

/** @param host at which this client reaches the server */
export function ircSetup(
  texts: typeof ENGLISH_IRC,
  host: string,
  { user, tls }: Pick<Answer<"irc-passwords">, "user" | "tls">,
): readonly string[] {
  if (tls === undefined) return [texts.ircDisabled];
  const hex = toHex(tls.certificate).toUpperCase();
  return [
    texts.ircServer(host, tls.port),
    texts.ircAccount(user),
    texts.ircCertificate(hex),
    texts.ircCertificateColons(hex.replace(/..(?=.)/g, "$&:")),
    texts.ircGuide,
  ];
}
