// The x509 library resolves its algorithms through decorators, which need this loaded before it.
import "reflect-metadata";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from "@peculiar/x509";
import { Fault } from "../base/fault.ts";
import { sha256 } from "./sha256.ts";

/** A certificate (the leaf first, then its chain if there is one) and its private key, as PEM. */
export interface CertificatePair {
  readonly certPem: string;
  readonly keyPem: string;
}

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
/** Machines with a dead clock exist, and trust rests on the pinned identity, not on dates. */
const NOT_BEFORE = new Date("1970-01-01T00:00:00Z");
const NOT_AFTER = new Date("9999-12-31T23:59:59Z");
const ALWAYS_NAMED = ["localhost", "127.0.0.1", "::1"];

/**
 * Makes a self-signed P-256 certificate; about 9 ms.
 * @param names host names and IP addresses it shall also be good for
 */
export async function makeCertificate(names: readonly string[] = []): Promise<CertificatePair> {
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const hosts = [...new Set([...ALWAYS_NAMED, ...names])];
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: "CN=chat",
    notBefore: NOT_BEFORE,
    notAfter: NOT_AFTER,
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      new SubjectAlternativeNameExtension(
        hosts.map((value) => ({ type: isIP(value) === 0 ? "dns" : "ip", value }) as const),
      ),
    ],
  });
  const pkcs8 = await crypto.subtle.exportKey("pkcs8", keys.privateKey);
  return {
    certPem: `${certificate.toString("pem")}\n`,
    keyPem: `${PemConverter.encode(pkcs8, "PRIVATE KEY")}\n`,
  };
}

/** The leaf's bytes. @throws Fault usage when there is no certificate in the text */
export function certificateDer(certPem: string): Uint8Array {
  return new Uint8Array(readCertificate(certPem).raw);
}

export function certificatePem(der: Uint8Array): string {
  return `${PemConverter.encode(new Uint8Array(der).buffer, "CERTIFICATE")}\n`;
}

/** SHA-256 of the leaf's DER: what a link calls `certificateHash`. @throws Fault usage */
export function certificateHash(certPem: string): Uint8Array {
  return sha256(certificateDer(certPem));
}

/** Refuses a `--cert` and `--key` that do not belong together. @throws Fault usage */
export function checkCertificatePair({ certPem, keyPem }: CertificatePair): void {
  const certificate = readCertificate(certPem);
  if (certificate.checkPrivateKey(readPrivateKey(keyPem))) return;
  throw new Fault("usage", "the private key does not belong to the certificate", {
    remedy: "give the pair that was made together with --cert and --key",
  });
}

function readCertificate(certPem: string): X509Certificate {
  try {
    return new X509Certificate(certPem);
  } catch (cause) {
    throw new Fault("usage", "there is no certificate in the given PEM text", {
      remedy: "give a file that begins with -----BEGIN CERTIFICATE-----",
      cause,
    });
  }
}

function readPrivateKey(keyPem: string) {
  try {
    return createPrivateKey({ key: keyPem, format: "pem" });
  } catch (cause) {
    throw new Fault("usage", "there is no readable private key in the given PEM text", {
      remedy: "give a file with an unencrypted -----BEGIN PRIVATE KEY-----",
      cause,
    });
  }
}
