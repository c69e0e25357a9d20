import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { Fault } from "../base/fault.ts";
import { sha256 } from "./sha256.ts";

/** A certificate (the leaf first, then its chain if there is one) and its private key, as PEM. */
export interface CertificatePair {
  readonly certPem: string;
  readonly keyPem: string;
}

const PEM_LINE = /.{1,64}/g;

/**
 * Makes a self-signed P-256 certificate, valid from 1970 to 9999.
 * @param names host names and IP addresses it shall be good for beside those of the loopback
 */
export async function makeCertificate(names: readonly string[] = []): Promise<CertificatePair> {
  const { makeSelfSigned } = await import("./certificate-maker.ts");
  return makeSelfSigned(names);
}

/** The leaf's bytes. @throws Fault usage when there is no certificate in the text */
export function certificateDer(certPem: string): Uint8Array {
  return new Uint8Array(readCertificate(certPem).raw);
}

export function certificatePem(der: Uint8Array): string {
  const lines = der.toBase64().match(PEM_LINE) ?? [];
  return ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n");
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

function readPrivateKey(keyPem: string): KeyObject {
  try {
    return createPrivateKey({ key: keyPem, format: "pem" });
  } catch (cause) {
    throw new Fault("usage", "there is no readable private key in the given PEM text", {
      remedy: "give a file with an unencrypted -----BEGIN PRIVATE KEY-----",
      cause,
    });
  }
}
