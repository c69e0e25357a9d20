/** Identity key of a server, created at its first start. */

import { rmSync } from "node:fs";
import { join } from "node:path";
import { equalBytes } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import type { Registry } from "../../core/rooms/accounts.ts";
import { Identity } from "../../crypto/identity.ts";
import { makeSuccession } from "../../crypto/succession.ts";
import { readOrCreateSmallFile, readSmallFile, writeSmallFile } from "../../io/disk/data-folder.ts";
import type { Log } from "../../io/log/log.ts";

export interface IdentityOptions {
  readonly path: string;
  /** Whether clients may have pinned the identity. If so, a lost identity is not replaced. */
  readonly isUsed: boolean;
  readonly renew: boolean;
  readonly accounts: Pick<Log, "append">;
  readonly registry: Registry;
}

/** @throws {Fault} data-foreign, store-… */
export async function loadIdentity(options: IdentityOptions): Promise<Identity> {
  const { path, isUsed, renew } = options;
  const file = join(path, "identity.key");
  const draft = `${file}.next`;
  finishRenewal(file, draft, options.registry);
  const stored = readSmallFile(file);
  if (isUsed && stored === undefined) {
    // Clients would reject a new identity, and it would hide the loss of the old one.
    throw new Fault("data-foreign", `${file}, which contains the server's identity, is missing`, {
      remedy: "restore it from a backup",
    });
  }
  const pem = await readOrCreateSmallFile(file, () => Identity.generate().toPem());
  const identity = Identity.fromPem(pem, file);
  return renew && stored !== undefined ? renewIdentity(identity, file, draft, options) : identity;
}

/** The new key is on disk before the old key signs it, and only then replaces the old key. */
async function renewIdentity(
  old: Identity,
  file: string,
  draft: string,
  { accounts, registry }: IdentityOptions,
): Promise<Identity> {
  const next = Identity.generate();
  writeSmallFile(draft, next.toPem());
  const { key, signature } = makeSuccession(old, next.publicKey);
  await accounts.append(registry.identityDraft(key, next.publicKey, signature));
  writeSmallFile(file, next.toPem());
  rmSync(draft, { force: true });
  return next;
}

/**
 * Completes an interrupted renewal if the old key has signed the new key; otherwise discards it.
 */
function finishRenewal(file: string, draft: string, { successor }: Registry): void {
  const pem = readSmallFile(draft);
  if (pem === undefined) return;
  const next = Identity.fromPem(pem, draft);
  const isSigned = successor !== undefined && equalBytes(next.publicKey, successor);
  if (isSigned) writeSmallFile(file, pem);
  rmSync(draft, { force: true });
}
