/** `chat admin webhook`, which prints a complete `curl` line for posting to a room. */

import { createHash, X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import { connect } from "node:tls";
import { equalBytes } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import { CONNECT_TIMEOUT_MS } from "../../base/limits.ts";
import { parseRoom } from "../../base/names.ts";
import { defined } from "../../base/values.ts";
import { argument } from "../../cli/command.ts";
import { greetServer, openDialer } from "../../cli/connect/dial.ts";
import { externalAddress } from "../../cli/connect/invite.ts";
import { durationFlag, expiryOf, type Operator, operatorVerb } from "../../cli/connect/operator.ts";
import { printNotice } from "../../cli/context.ts";
import { printData } from "../../cli/output/result.ts";
import { withUtcTime } from "../../core/duration.ts";
import { certificatePin } from "../../crypto/certificate.ts";
import { formatAddress, type ServerAddress } from "../../wire/invite.ts";

export const webhook = operatorVerb({
  summary: "Print a curl line that posts to a room",
  examples: ["chat admin webhook builds", "chat admin webhook builds --expires 30d"],
  args: {
    room: argument("Room name", { parse: parseRoom }),
    expires: durationFlag("Lifetime: 30s, 10m, 2h or 7d (Default: permanent)"),
  },
  details: "The line contains a new token, and verifies the server by the key of its certificate.",
  async run({ room, expires: forMs }, operator) {
    const { client, context } = operator;
    const address = externalAddress(context, operator);
    const pin = await pinAt(operator, address);
    const expires = defined({ expires: expiryOf(context, forMs) });
    const { invite, token } = await client.request("invite", { post: room, ...expires });
    const url = `https://${formatAddress(address)}/rooms/${room}`;
    // With -k, curl checks only the pin, and refuses any other key.
    const check = pin === undefined ? "-fsS" : `-fsSk --pinnedpubkey '${pin}'`;
    const line = `curl ${check} -H 'Authorization: Bearer ${token}' -d 'Hello' '${url}'`;
    const json = { kind: "webhook", room, url, invite, token, pin, line };
    printData(context, { ...json, ...withUtcTime(expires, "expires") }, `${line}\n`);
    if (context.json) return 0;
    const revoke = `chat admin invites --revoke ${invite}`;
    printNotice(context, `keep this line secret: it posts to ${room}; to revoke it: ${revoke}`);
    return 0;
  },
});

/**
 * Returns the hash of the server's public key for curl; `undefined` if curl trusts the certificate.
 * @throws {Fault} fingerprint-changed if the certificate is not the one that the server has signed
 */
async function pinAt(
  { client, context }: Operator,
  address: ServerAddress,
): Promise<string | undefined> {
  using dialer = openDialer(context, address, { transport: "tcp" });
  const { fingerprint, greeting } = await greetServer(context.clock, dialer.dial);
  const { raw, isTrusted } = await certificateAt(address);
  const hash = createHash("sha256").update(raw).digest();
  if (fingerprint !== client.fingerprint || !equalBytes(hash, greeting.certificateHash)) {
    const message = `another server answers at ${formatAddress(address)}`;
    throw new Fault("fingerprint-changed", message, { remedy: "add --server with its address" });
  }
  return isTrusted ? undefined : certificatePin(new X509Certificate(raw).toString());
}

function certificateAt({ host, port }: ServerAddress) {
  type Found = { readonly raw: Buffer; readonly isTrusted: boolean };
  const { promise, resolve, reject } = Promise.withResolvers<Found>();
  const name = isIP(host) === 0 ? { servername: host } : {};
  const socket = connect({ host, port, ...name, rejectUnauthorized: false }, () => {
    resolve({ raw: socket.getPeerCertificate().raw, isTrusted: socket.authorized });
    socket.destroy();
  });
  const fail = (cause?: unknown) => {
    reject(new Fault("unreachable", "the server did not send its certificate", { cause }));
    socket.destroy();
  };
  socket.setTimeout(CONNECT_TIMEOUT_MS, fail);
  socket.on("error", fail);
  return promise;
}
