/**
 * Certificate for the server's own names, under a root that its users can install. The data folder
 * has the root and its signer (ca.crt), the signer's key (ca.key) and the certificate (local.crt),
 * which shares its key with tls.crt, so that curl's pin is the same.
 */

import { createHash, createPrivateKey, X509Certificate } from "node:crypto";
import { join } from "node:path";
import { Fault } from "../../base/fault.ts";
import { certificateNames } from "../../crypto/certificate.ts";
import {
  isLeafCurrent,
  isRootSpent,
  issueLeaf,
  type LocalRoot,
  makeLocalRoot,
} from "../../crypto/local-root.ts";
import { readSmallFile, writeSmallFile } from "../../io/disk/data-folder.ts";
import type { TlsPair } from "../../io/link/link.ts";

export interface LocalRootOptions {
  /** Data folder. */
  readonly path: string;
  /** DNS names of the server. Browsers are sent to the first that the root covers. */
  readonly names: readonly string[];
  /** Name of the server, which certificate managers display. */
  readonly title: string;
  /** Key of tls.crt. */
  readonly keyPem: string;
  /** False for a node that joins a cluster, because its nodes share one root. */
  readonly mayCreate: boolean;
  readonly notify: (text: string) => void;
}

export interface NamedCertificate extends TlsPair {
  readonly name: string;
  readonly rootPem: string;
  /** Hash of the root in DER, in hex. */
  readonly rootSha256: string;
}

/**
 * Makes or renews the files if necessary.
 * @returns `undefined` if the server has no name, or after a notice
 */
export async function loadNamedCertificate(
  options: LocalRootOptions,
  unixMs: number,
): Promise<NamedCertificate | undefined> {
  const { names, notify } = options;
  if (names.length === 0) return undefined;
  try {
    const stored = await readRoot(options, unixMs);
    if (stored === "absent") return undefined;
    const found = stored && (await named(options, stored, unixMs));
    return found ?? (await named(options, await createRoot(options, unixMs), unixMs));
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const remedy =
      error instanceof Fault ? error.remedy : "restore ca.crt and ca.key, or remove both";
    notify(`no certificate for ${names.join(", ")}: ${error.message}; ${remedy}`);
    return undefined;
  }
}

/** @returns `undefined` if the root covers no name of this server, such as that of another one */
async function named(
  { path, names, keyPem, notify }: LocalRootOptions,
  root: LocalRoot,
  unixMs: number,
): Promise<NamedCertificate | undefined> {
  const file = join(path, "local.crt");
  let certPem = readSmallFile(file);
  if (certPem === undefined || !isLeafCurrent(certPem, root, keyPem, unixMs)) {
    certPem = await issueLeaf(root, keyPem, unixMs);
    writeSmallFile(file, certPem);
  }
  const covered = certificateNames(certPem);
  const name = names.find((item) => covered.includes(item));
  if (name === undefined) return undefined;
  const missing = names.filter((item) => !covered.includes(item));
  if (missing.length > 0) {
    notify(
      `ca.crt does not cover ${missing.join(", ")}; to replace it, remove ca.crt and ca.key ` +
        "from the data folder, and install the new one on each device",
    );
  }
  const { raw } = new X509Certificate(root.rootPem);
  const rootSha256 = createHash("sha256").update(raw).digest("hex");
  return { name, certPem, keyPem, rootPem: root.rootPem, rootSha256 };
}

/**
 * @returns `undefined` if a new root is due, `"absent"` if this node must not make one
 * @throws {Error} if a file is invalid
 */
async function readRoot(
  { path, mayCreate, notify }: LocalRootOptions,
  unixMs: number,
): Promise<LocalRoot | "absent" | undefined> {
  const chain = readSmallFile(join(path, "ca.crt"));
  const signerKeyPem = readSmallFile(join(path, "ca.key"));
  if (chain === undefined || signerKeyPem === undefined) {
    if (mayCreate) return undefined;
    notify("for browsers that trust the cluster, copy ca.crt and ca.key from its first server");
    return "absent";
  }
  const [rootPem = "", signerPem = ""] = chain.match(PEM) ?? [];
  const root = { rootPem, signerPem, signerKeyPem };
  if (!new X509Certificate(signerPem).checkPrivateKey(createPrivateKey(signerKeyPem))) {
    throw new Error("ca.key does not belong to ca.crt");
  }
  return isRootSpent(root, unixMs) ? undefined : root;
}

async function createRoot(
  { path, names, title }: LocalRootOptions,
  unixMs: number,
): Promise<LocalRoot> {
  const root = await makeLocalRoot(names, title, unixMs);
  // If the process is killed between these writes, ca.crt is missing, and the next start makes
  // both.
  writeSmallFile(join(path, "ca.key"), root.signerKeyPem);
  writeSmallFile(join(path, "ca.crt"), root.rootPem + root.signerPem);
  return root;
}

const PEM = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----\n?/g;
