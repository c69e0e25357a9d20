/** Server side of the handshake. */

import { Fault, msg } from "../../base/fault.ts";
import { MESSAGE_BYTES_MAX, TEXT_BYTES_MAX } from "../../base/limits.ts";
import { defined } from "../../base/values.ts";
import { makeServerProof } from "../../crypto/greeting.ts";
import type { Identity } from "../../crypto/identity.ts";
import type { FormerKey } from "../../crypto/succession.ts";
import type { Entropy } from "../../io/entropy.ts";
import { type NoticeOf, VERSION } from "../../wire/messages.ts";
import type { ClientConnection } from "./client-connection.ts";

export interface GreetingOptions {
  readonly identity: Identity;
  readonly entropy: Entropy;
  readonly settings: {
    readonly name: string;
    readonly welcome: string | undefined;
    readonly build?: string;
  };
  readonly needsSecret: boolean;
  readonly predecessors: readonly FormerKey[];
  readonly hasMajority: boolean;
}

export function greet(
  client: ClientConnection,
  hello: NoticeOf<"hello">,
  { identity, settings, entropy, needsSecret, predecessors, hasMajority }: GreetingOptions,
): void {
  if (!hello.versions.includes(VERSION)) {
    const versions = hello.versions.join(", ");
    const message = msg`this server supports protocol version ${VERSION}, not ${versions}`;
    client.close(new Fault("version-unsupported", message));
    return;
  }
  const clientNonce = new Uint8Array(hello.nonce);
  const serverNonce = new Uint8Array(entropy(32));
  client.greet({ clientName: hello.client, clientNonce, serverNonce });
  const { certificateHash } = client.link;
  const notice = defined({
    kind: "welcome",
    version: VERSION,
    server: { name: settings.name, key: identity.publicKey },
    nonce: serverNonce,
    certificate: certificateHash,
    proof: makeServerProof(identity, { certificateHash, clientNonce, serverNonce }),
    needs: needsSecret ? "password" : "open",
    text: settings.welcome,
    predecessors: predecessors.length === 0 ? undefined : [...predecessors],
    build: settings.build,
    majority: hasMajority ? undefined : false,
    limits: { messageBytes: MESSAGE_BYTES_MAX, textBytes: TEXT_BYTES_MAX },
  });
  client.notify(notice);
}
