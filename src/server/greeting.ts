import { Fault } from "../base/fault.ts";
import { MESSAGE_BYTES_MAX, TEXT_BYTES_MAX } from "../base/limits.ts";
import { makeServerProof } from "../crypto/greeting.ts";
import type { Identity } from "../crypto/identity.ts";
import type { FormerKey } from "../crypto/succession.ts";
import type { Entropy } from "../io/entropy.ts";
import { type NoticeOf, VERSION } from "../wire/messages.ts";
import type { Peer } from "./peer.ts";

/** Who greets. */
export interface Greeter {
  readonly identity: Identity;
  readonly entropy: Entropy;
  readonly settings: {
    readonly name: string;
    readonly welcome: string | undefined;
    readonly build?: string;
  };
  /** Newcomers need the room password or an invite. */
  readonly needsSecret: boolean;
  /** Keys that the server had before, newest first. */
  readonly predecessors: readonly FormerKey[];
}

/** Answers a hello with the proof of who we are, or closes the peer. */
export function greet(
  peer: Peer,
  hello: NoticeOf<"hello">,
  { identity, settings, entropy, needsSecret, predecessors }: Greeter,
): void {
  if (!hello.versions.includes(VERSION)) {
    const theirs = hello.versions.join(", ");
    const sentence = `this server speaks version ${VERSION}, not ${theirs}`;
    peer.close(new Fault("version-unsupported", sentence));
    return;
  }
  peer.clientNonce = new Uint8Array(hello.nonce);
  peer.serverNonce = new Uint8Array(entropy(32));
  peer.clientName = hello.client;
  const { certificateHash } = peer.link;
  const { clientNonce, serverNonce } = peer;
  peer.tell({
    kind: "welcome",
    version: VERSION,
    server: { name: settings.name, key: identity.publicKey },
    nonce: serverNonce,
    certificate: certificateHash,
    proof: makeServerProof(identity, { certificateHash, clientNonce, serverNonce }),
    needs: needsSecret ? "password" : "open",
    ...(settings.welcome === undefined ? {} : { text: settings.welcome }),
    ...(predecessors.length === 0 ? {} : { predecessors: [...predecessors] }),
    ...(settings.build === undefined ? {} : { build: settings.build }),
    limits: { messageBytes: MESSAGE_BYTES_MAX, textBytes: TEXT_BYTES_MAX },
  });
}
