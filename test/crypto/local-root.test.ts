import { describe, expect, test } from "bun:test";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { JsonGeneralName } from "@peculiar/x509";
import { DAY_MS, dateOf } from "../../src/base/time.ts";
import {
  CERTIFICATE_ALGORITHM,
  makeCertificate,
  pemOf,
  x509Library,
} from "../../src/crypto/certificate.ts";
import {
  isForServersOnly,
  isLeafCurrent,
  isRootSpent,
  issueLeaf,
  makeLocalRoot,
  readOnlyCertificate,
  rootNames,
} from "../../src/crypto/local-root.ts";
import { requires } from "../installed.ts";

const NOW = Date.UTC(2026, 10, 25);
const NAMES = ["chat.school.example", "chat-abcdefghijklmnop.local"];
const { certPem: ownPem, keyPem } = await makeCertificate();
const root = await makeLocalRoot(NAMES, "Room 12", NOW);
const leaf = await issueLeaf(root, keyPem, NOW);
const openssl = requires("openssl");
/** A certificate by a thief of the signer's key. */
async function signed(purposes: readonly string[], names: readonly JsonGeneralName[]) {
  const x509 = await x509Library();
  const signer = new x509.X509Certificate(root.signerPem);
  const der = createPrivateKey(root.signerKeyPem).export({ type: "pkcs8", format: "der" });
  const keys = await crypto.subtle.generateKey(CERTIFICATE_ALGORITHM, false, ["sign", "verify"]);
  const made = await x509.X509CertificateGenerator.create({
    subject: "CN=Microsoft Corporation",
    issuer: signer.subject,
    notBefore: dateOf(NOW - DAY_MS),
    notAfter: dateOf(NOW + DAY_MS),
    signingAlgorithm: CERTIFICATE_ALGORITHM,
    publicKey: (keys as CryptoKeyPair).publicKey,
    signingKey: await crypto.subtle.importKey("pkcs8", der, CERTIFICATE_ALGORITHM, false, ["sign"]),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      ...(purposes.length > 0 ? [new x509.ExtendedKeyUsageExtension([...purposes])] : []),
      ...(names.length > 0 ? [new x509.SubjectAlternativeNameExtension([...names])] : []),
      await x509.SubjectKeyIdentifierExtension.create((keys as CryptoKeyPair).publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(signer.publicKey),
    ],
  });
  return pemOf("CERTIFICATE", new Uint8Array(made.rawData));
}

const namesIn = (pem: string) => rootNames(readOnlyCertificate(pem));

/** Result of `openssl verify` for a name or an address. */
function verify(leafPem: string, ...host: readonly string[]): boolean {
  return verifyFor("sslserver", leafPem, ...host);
}

function verifyFor(purpose: string, leafPem: string, ...host: readonly string[]): boolean {
  const folder = mkdtempSync(join(tmpdir(), "chat-root-"));
  try {
    const write = (name: string, text: string) => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    };
    const trusted = ["-CAfile", write("root.pem", root.rootPem)];
    const chain = ["-untrusted", write("signer.pem", root.signerPem)];
    const strict = ["-x509_strict", "-purpose", purpose, "-attime", `${NOW / 1_000}`];
    const command = ["openssl", "verify", ...strict, ...trusted, ...chain, ...host];
    return Bun.spawnSync([...command, write("leaf.pem", leafPem)]).exitCode === 0;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe("the root of a server", () => {
  openssl.test("vouches for the server's names and no other", async () => {
    expect(await namesIn(root.rootPem)).toEqual(NAMES);
    for (const name of NAMES) expect(verify(leaf, "-verify_hostname", name)).toBe(true);
    expect(verify(leaf, "-verify_hostname", "bank.example")).toBe(false);
    expect(verify(leaf, "-verify_ip", "127.0.0.1")).toBe(false);
    // The chain is valid without a name, so the refusals above come from the names.
    expect(verify(leaf)).toBe(true);
    expect(verify(ownPem)).toBe(false);
  });

  openssl.test.each([[["bank.example"]], [[...NAMES, "bank.example"]]])(
    "does not vouch for a certificate with the names %p",
    async (names) => {
      const other = await makeLocalRoot(names, "Bank", NOW);
      const { signerKeyPem } = root;
      const forged = await issueLeaf(
        { ...root, rootPem: other.rootPem, signerKeyPem },
        keyPem,
        NOW,
      );
      expect(new X509Certificate(forged).subjectAltName).toContain("bank.example");
      expect(verify(forged)).toBe(false);
    },
  );

  openssl.test("signs no e-mail and no program", async () => {
    expect(await isForServersOnly(readOnlyCertificate(root.rootPem))).toBe(true);
    const { emailProtection, serverAuth } = (await x509Library()).ExtendedKeyUsage;
    const mail = await signed([emailProtection], [{ type: "email", value: "ceo@bank.example" }]);
    const service = await signed([], [{ type: "url", value: "https://bank.example/pay" }]);
    const right = await signed(
      [],
      NAMES.map((value) => ({ type: "dns", value })),
    );
    expect(verify(right)).toBe(true);
    expect(["smimesign", "any"].map((purpose) => verifyFor(purpose, mail))).toEqual([false, false]);
    // Programs that know purposes apply those of a root and a signer to what is below them.
    for (const pem of [root.rootPem, root.signerPem])
      expect(new X509Certificate(pem).keyUsage).toEqual([serverAuth]);
    expect(verifyFor("smimesign", right)).toBe(false);
    expect(verifyFor("any", service)).toBe(false);
  });

  test("has a name that certificate managers can display", async () => {
    const title = `"Room", 12+#<b>;\\ =教室${"x".repeat(100)}`;
    const { rootPem } = await makeLocalRoot(NAMES, title, NOW);
    const { subject } = new X509Certificate(rootPem);
    expect(subject.replaceAll("\\", "")).toMatch(
      /^CN="?"Room", 12\+#<b>; =教室x+ \(chat root\)"?$/,
    );
  });

  test("does not count as limited if it has no constraints", async () => {
    expect(await namesIn(ownPem)).toEqual([]);
    expect(await namesIn((await makeLocalRoot([""], "All", NOW)).rootPem)).toEqual([]);
    expect(await namesIn((await makeLocalRoot([], "None", NOW)).rootPem)).toEqual([]);
  });
});

describe("the certificate below it", () => {
  test("is renewed 60 days before its end, for another key, and for another root", async () => {
    const isCurrent = (days: number) => isLeafCurrent(leaf, root, keyPem, NOW + days * DAY_MS);
    expect([0, 335, 337, 1_000].map(isCurrent)).toEqual([true, true, false, false]);
    const other = await makeLocalRoot(NAMES, "Room 12", NOW);
    expect(isLeafCurrent(leaf, other, keyPem, NOW)).toBe(false);
    expect(isLeafCurrent(leaf, root, (await makeCertificate()).keyPem, NOW)).toBe(false);
    const { validFrom, validTo } = new X509Certificate(leaf);
    expect(Date.parse(validTo) - Date.parse(validFrom)).toBe(397 * DAY_MS);
  });

  test.each([
    ["1970", 0],
    ["2026", NOW],
  ])("is valid today if the clock said %s when the root was made", async (_year, unixMs) => {
    const made = await makeLocalRoot(NAMES, "Room 12", unixMs);
    for (const at of [unixMs, NOW]) {
      const issued = new X509Certificate(await issueLeaf(made, keyPem, at));
      expect(Date.parse(issued.validFrom)).toBeLessThan(NOW);
      expect(isRootSpent(made, at)).toBe(false);
    }
  });

  test("needs another root if the clock was decades ahead", async () => {
    const made = await makeLocalRoot(NAMES, "Room 12", Date.UTC(2099, 0, 1));
    expect(isRootSpent(made, Date.UTC(2099, 0, 1))).toBe(false);
    expect(isRootSpent(made, NOW)).toBe(true);
  });

  test("ends with its root", async () => {
    const late = NOW + 9.8 * 365 * DAY_MS;
    const { validTo } = new X509Certificate(await issueLeaf(root, keyPem, late));
    expect(validTo).toBe(new X509Certificate(root.rootPem).validTo);
    expect(isRootSpent(root, late)).toBe(false);
    expect(isRootSpent(root, NOW + 9.9 * 365 * DAY_MS)).toBe(true);
  });
});
