/** Public addresses and valid host names of a server. */

import { hostname } from "node:os";
import { quoteText } from "../../base/text.ts";
import { certificateNames } from "../../crypto/certificate.ts";
import { isHostOf } from "../../wire/host.ts";
import { parseServerSpec, type ServerSpec } from "../../wire/invite.ts";
import { usageFault } from "../errors.ts";

export const HTTPS_PORT = 443;

/**
 * Parses `--public HOST[:PORT]`.
 * @throws {Fault} usage
 */
export function parsePublic(
  texts: readonly string[],
  port = HTTPS_PORT,
): Pick<ServerSpec, "host" | "port">[] {
  return texts.map((text) => {
    if (text.includes("/")) {
      throw usageFault(
        `${quoteText(text)} is not a host`,
        "write --public HOST or --public HOST:PORT",
      );
    }
    const address = parseServerSpec(text);
    return { host: address.host, port: address.portGiven ? address.port : port };
  });
}

export function hostNames(
  args: { readonly host?: string | undefined; readonly public: readonly string[] },
  ...certificates: readonly (string | undefined)[]
): string[] {
  const certified = certificates.filter((pem) => pem !== undefined).flatMap(certificateNames);
  const host = args.host === undefined ? [] : [args.host];
  return [...host, ...parsePublic(args.public).map(({ host }) => host), ...certified];
}

/** Accepts the names of this machine and `names`. */
export function hostCheck(names: readonly string[]): (header: string | null) => boolean {
  const own = hostname();
  const [label = own] = own.split(".");
  const hostNamesKnown = new Set(
    [own, label, ...names].map((name) => name.toLowerCase().replace(/\.$/, "")),
  );
  return (header) => isHostOf(hostNamesKnown, header);
}
