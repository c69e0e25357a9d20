/** X.509 certificates for TLS. */

import { createHash, createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import { Fault } from "../base/fault.ts";

/** In PEM format. A chain may follow the certificate. */
export interface CertificatePair {
  readonly certPem: string;
  readonly keyPem: string;
}

const PEM_LINE = /.{1,64}/g;
export const CERTIFICATE_ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
/**
 * Always in the past, because some machines have a wrong clock. Clients trust the pinned identity
 * instead of dates.
 */
const NOT_BEFORE = new Date("1970-01-01T00:00:00Z");
const NOT_AFTER = new Date("9999-12-31T23:59:59Z");
const LOOPBACK_NAMES = ["localhost", "127.0.0.1", "::1"];

/** Loaded when needed, as most starts make no certificate. `reflect-metadata` must come first. */
export async function x509Library(): Promise<typeof import("@peculiar/x509")> {
  await import("reflect-metadata");
  return import("@peculiar/x509");
}

export async function makeCertificate(names: readonly string[] = []): Promise<CertificatePair> {
  const x509 = await x509Library();
  const keys = await crypto.subtle.generateKey(CERTIFICATE_ALGORITHM, true, ["sign", "verify"]);
  const hosts = [...new Set([...LOOPBACK_NAMES, ...names])];
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: "CN=chat",
    notBefore: NOT_BEFORE,
    notAfter: NOT_AFTER,
    signingAlgorithm: CERTIFICATE_ALGORITHM,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(
        hosts.map((value) => ({ type: isIP(value) === 0 ? "dns" : "ip", value }) as const),
      ),
    ],
  });
  const pkcs8 = await crypto.subtle.exportKey("pkcs8", keys.privateKey);
  return {
    certPem: pemOf("CERTIFICATE", new Uint8Array(certificate.rawData)),
    keyPem: pemOf("PRIVATE KEY", new Uint8Array(pkcs8)),
  };
}

/**
 * Does not expand wildcards.
 * @throws {Fault} usage if the certificate cannot be parsed
 */
export function certificateNames(certPem: string): string[] {
  const { subjectAltName = "" } = readCertificate(certPem);
  return [...subjectAltName.matchAll(/(?:^|, )DNS:([A-Za-z0-9_.*-]+)/g)].map(
    ([, name = ""]) => name,
  );
}

/**
 * Returns the hash in the format of curl's `--pinnedpubkey`.
 * @throws {Fault} usage if the certificate cannot be parsed
 */
export function certificatePin(certPem: string): string {
  const spki = readCertificate(certPem).publicKey.export({ type: "spki", format: "der" });
  return `sha256//${createHash("sha256").update(spki).digest("base64")}`;
}

/** @throws {Fault} usage if the certificate and the private key do not belong together */
export function checkCertificatePair({ certPem, keyPem }: CertificatePair): void {
  const certificate = readCertificate(certPem);
  const key = readPrivateKey(keyPem);
  if (certificate.checkPrivateKey(key)) return;
  if (certificatesIn(certPem).some((other) => other.checkPrivateKey(key))) {
    throw new Fault("usage", "the file begins with the certificate of an authority", {
      remedy: "put the server's own certificate first, then its issuers",
    });
  }
  throw new Fault("usage", "the private key does not match the certificate", {
    remedy: "pass a matching pair with --cert and --key",
  });
}

/**
 * @returns name of the authority if only other programs could find its certificate, which many do
 * not look for
 * @throws {Fault} usage
 */
export function missingIssuer(certPem: string): string | undefined {
  const [leaf, ...others] = certificatesIn(certPem);
  const isPublic = leaf?.infoAccess?.includes("CA Issuers") === true;
  if (leaf === undefined || !isPublic || others.some((other) => leaf.checkIssued(other))) {
    return undefined;
  }
  return /^CN=(.*)$/m.exec(leaf.issuer)?.[1] ?? leaf.issuer;
}

function certificatesIn(pem: string): X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  return blocks.map(readCertificate);
}

function readCertificate(certPem: string): X509Certificate {
  try {
    return new X509Certificate(certPem);
  } catch (cause) {
    throw new Fault("usage", "the PEM text contains no certificate", {
      remedy: "use a file that begins with -----BEGIN CERTIFICATE-----",
      cause,
    });
  }
}

function readPrivateKey(keyPem: string): KeyObject {
  try {
    return createPrivateKey({ key: keyPem, format: "pem" });
  } catch (cause) {
    throw new Fault("usage", "the PEM text contains no readable private key", {
      remedy: "use a file with an unencrypted -----BEGIN PRIVATE KEY-----",
      cause,
    });
  }
}

export function pemOf(label: string, der: Uint8Array): string {
  const lines = der.toBase64().match(PEM_LINE) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ""].join("\n");
}
