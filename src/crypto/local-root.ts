/**
 * Root certificate that can vouch for the names of one server, for browsers on a network without a
 * public certificate authority. Nobody keeps the root's key: it signs one intermediate, the signer,
 * which has the same limits (RFC 5280, sections 4.2.1.10 and 4.2.1.12), because some programs do
 * not check those of a root. Both exclude all IP addresses, and permit no e-mail address, no
 * address of a service, and no other purpose than servers, so that they sign no mail and no
 * program. Names of directories are not limited: some programs refuse a certificate that limits
 * them.
 */

import { createPrivateKey, createPublicKey, X509Certificate } from "node:crypto";
import { cutText, equalBytes, utf8Decode, utf8Encode } from "../base/bytes.ts";
import { DAY_MS, dateOf } from "../base/time.ts";
import { CERTIFICATE_ALGORITHM as ALGORITHM, pemOf, x509Library } from "./certificate.ts";

export interface LocalRoot {
  readonly rootPem: string;
  readonly signerPem: string;
  readonly signerKeyPem: string;
}

/** Start of the oldest certificates, because the clock may be wrong at the first start. */
const EPOCH_MS = Date.UTC(2026, 0, 1);
const ROOT_YEARS = 10;
/** Safari refuses more than 398 days. */
const LEAF_DAYS = 397;
const RENEW_BEFORE_DAYS = 60;
/** RFC 5280, appendix A.1. */
const COMMON_NAME_MAX = 64;
const TITLE_BYTES_MAX = COMMON_NAME_MAX - " (chat signer)".length;
const NAME_CONSTRAINTS = "2.5.29.30";
const EXTENDED_KEY_USAGE = "2.5.29.37";

/**
 * @param names DNS names of the server
 * @param title name of the server, which certificate managers display
 */
export async function makeLocalRoot(
  names: readonly string[],
  title: string,
  unixMs: number,
): Promise<LocalRoot> {
  const x509 = await x509Library();
  const [rootKeys, signerKeys] = await Promise.all([makeKeys(), makeKeys()]);
  const start = dateOf(Math.max(unixMs, EPOCH_MS) - DAY_MS);
  const end = dateOf(start.getTime());
  end.setUTCFullYear(end.getUTCFullYear() + ROOT_YEARS);
  const usages = x509.KeyUsageFlags.keyCertSign;
  const make = async (kind: string, keys: CryptoKeyPair, issuer?: { readonly subject: string }) => {
    const subject = nameOf(`${cutText(title, TITLE_BYTES_MAX)} (chat ${kind})`);
    return x509.X509CertificateGenerator.create({
      subject,
      issuer: issuer?.subject ?? subject,
      notBefore: start,
      notAfter: end,
      signingAlgorithm: ALGORITHM,
      publicKey: keys.publicKey,
      signingKey: rootKeys.privateKey,
      extensions: [
        new x509.BasicConstraintsExtension(true, issuer === undefined ? 1 : 0, true),
        new x509.KeyUsagesExtension(usages, true),
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
        new x509.Extension(NAME_CONSTRAINTS, true, constraintsOf(names)),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
        await x509.AuthorityKeyIdentifierExtension.create(rootKeys.publicKey),
      ],
    });
  };
  const root = await make("root", rootKeys);
  const signer = await make("signer", signerKeys, root);
  const pkcs8 = await crypto.subtle.exportKey("pkcs8", signerKeys.privateKey);
  return {
    rootPem: pemOf("CERTIFICATE", new Uint8Array(root.rawData)),
    signerPem: pemOf("CERTIFICATE", new Uint8Array(signer.rawData)),
    signerKeyPem: pemOf("PRIVATE KEY", new Uint8Array(pkcs8)),
  };
}

/**
 * Issues a certificate for all names of the root and no other, since one forbidden name would make
 * browsers refuse it without a way to proceed.
 *
 * @param keyPem private key of the new certificate
 * @returns PEM of the certificate and its signer
 */
export async function issueLeaf(
  { rootPem, signerPem, signerKeyPem }: LocalRoot,
  keyPem: string,
  unixMs: number,
): Promise<string> {
  const x509 = await x509Library();
  const names = await rootNames(new Uint8Array(new X509Certificate(rootPem).raw));
  const signer = new x509.X509Certificate(signerPem);
  const [start, end] = leafDates(signer.notBefore.getTime(), signer.notAfter.getTime(), unixMs);
  const publicKey = await importPublicKey(keyPem);
  const signerKey = createPrivateKey(signerKeyPem).export({ type: "pkcs8", format: "der" });
  const leaf = await x509.X509CertificateGenerator.create({
    subject: nameOf(cutText(names[0] ?? "", COMMON_NAME_MAX)),
    issuer: signer.subject,
    notBefore: dateOf(start),
    notAfter: dateOf(end),
    signingAlgorithm: ALGORITHM,
    publicKey,
    signingKey: await crypto.subtle.importKey("pkcs8", signerKey, ALGORITHM, false, ["sign"]),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(
        names.map((value) => ({ type: "dns", value }) as const),
      ),
      await x509.SubjectKeyIdentifierExtension.create(publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(signer.publicKey),
    ],
  });
  return pemOf("CERTIFICATE", new Uint8Array(leaf.rawData)) + signerPem;
}

/** A clock before the signer's start is wrong, as the server made the signer earlier. */
function leafDates(signerStart: number, signerEnd: number, unixMs: number): [number, number] {
  const start = Math.max(unixMs - DAY_MS, signerStart);
  return [start, Math.min(start + LEAF_DAYS * DAY_MS, signerEnd)];
}

/** Reports whether no browser would accept a certificate of this root for long. */
export function isRootSpent({ rootPem }: Pick<LocalRoot, "rootPem">, unixMs: number): boolean {
  const { validFrom, validTo } = new X509Certificate(rootPem);
  const now = Math.max(unixMs, EPOCH_MS);
  const isFuture = Date.parse(validFrom) > now + RENEW_BEFORE_DAYS * DAY_MS;
  return isFuture || Date.parse(validTo) < now + RENEW_BEFORE_DAYS * DAY_MS;
}

/** Reports whether the text is a leaf from this root, for this key, and not due for renewal. */
export function isLeafCurrent(
  leafPem: string,
  { rootPem, signerPem }: LocalRoot,
  keyPem: string,
  unixMs: number,
): boolean {
  const leaf = readCertificate(leafPem);
  if (leaf === undefined) return false;
  const [root, signer] = [new X509Certificate(rootPem), new X509Certificate(signerPem)];
  if (!leaf.verify(signer.publicKey) || !signer.verify(root.publicKey)) return false;
  if (!leaf.checkPrivateKey(createPrivateKey(keyPem))) return false;
  const now = Math.max(unixMs, Date.parse(root.validFrom) + DAY_MS);
  const renewAt = Date.parse(leaf.validTo) - RENEW_BEFORE_DAYS * DAY_MS;
  return Date.parse(leaf.validFrom) <= now && now < renewAt;
}

function readCertificate(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}

const PEM_CERTIFICATE =
  /^-----BEGIN CERTIFICATE-----\r?\n([A-Za-z0-9+/=\r\n]+)-----END CERTIFICATE-----\s*$/;

/**
 * Decodes a text that consists of one certificate. Other text before, between or after it could be
 * a second certificate to another program, so it is refused.
 * @returns DER
 * @throws Error
 */
export function readOnlyCertificate(pem: string): Uint8Array<ArrayBuffer> {
  const [, base64 = ""] = PEM_CERTIFICATE.exec(pem) ?? [];
  const der = Uint8Array.fromBase64(base64);
  if (!equalBytes(new X509Certificate(der).raw, der)) throw new Error("not one certificate");
  return der;
}

/**
 * Returns the names that the root is limited to; none if it could vouch for any other name or for
 * an address.
 * @param root DER
 */
export async function rootNames(root: Uint8Array<ArrayBuffer>): Promise<string[]> {
  const value = await onlyExtension(root, NAME_CONSTRAINTS);
  if (value === undefined) return [];
  const [constraints = EMPTY] = readDer(value);
  const [permitted = EMPTY] = readDer(constraints);
  const all = readDer(permitted).map((subtree) => utf8Decode(readDer(subtree)[0] ?? EMPTY));
  const isFormer = equalBytes(value, constraintsOf(all, []));
  const names = isFormer ? all : all.slice(0, -NOBODY.length);
  const isLimited = isFormer || equalBytes(value, constraintsOf(names));
  // An empty name permits all names.
  return isLimited && !names.includes("") ? names : [];
}

/**
 * Reports whether a root that `rootNames` has found limited signs neither mail nor programs. Roots
 * of 0.3.0 could.
 * @param root DER
 */
export async function isForServersOnly(root: Uint8Array<ArrayBuffer>): Promise<boolean> {
  const purposes = await onlyExtension(root, EXTENDED_KEY_USAGE);
  const constraints = await onlyExtension(root, NAME_CONSTRAINTS);
  if (purposes === undefined || constraints === undefined) return false;
  return (
    equalBytes(purposes, SERVERS) && equalBytes(constraints, constraintsOf(await rootNames(root)))
  );
}

/** Returns the value of an extension that the certificate has exactly once. */
async function onlyExtension(
  root: Uint8Array<ArrayBuffer>,
  wanted: string,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const x509 = await x509Library();
  const { extensions } = new x509.X509Certificate(root);
  const [extension, second] = extensions.filter(({ type }) => type === wanted);
  if (extension === undefined || second !== undefined) return undefined;
  if (wanted === NAME_CONSTRAINTS && !extension.critical) return undefined;
  return new Uint8Array(extension.value);
}

const EMPTY = new Uint8Array();
const SEQUENCE = 0x30;
const PERMITTED = 0xa0;
const EXCLUDED = 0xa1;
const DNS_NAME = 0x82;
const IP_ADDRESS = 0x87;
const EMAIL = 0x81;
const URI = 0x86;
/**
 * The only e-mail and service addresses that are permitted, because an exclusion of all has no form
 * that every program understands. Nobody can have a name below `invalid` (RFC 6761).
 */
const NOBODY = [EMAIL, URI].map((tag) => [tag, utf8Encode("chat.invalid")] as const);
/** The purpose id-kp-serverAuth and no other. */
const SERVERS = Uint8Array.fromHex("300a06082b06010505070301");
/** Address and mask of all addresses of IPv4 and IPv6. */
const ALL_ADDRESSES = [new Uint8Array(8), new Uint8Array(32)];

function constraintsOf(names: readonly string[], others = NOBODY): Uint8Array<ArrayBuffer> {
  const hosts = names.map((name) => [DNS_NAME, utf8Encode(name)] as const);
  const permitted = [...hosts, ...others].map(([tag, name]) => der(SEQUENCE, der(tag, name)));
  const excluded = ALL_ADDRESSES.map((bytes) => der(SEQUENCE, der(IP_ADDRESS, bytes)));
  return der(SEQUENCE, der(PERMITTED, ...permitted), der(EXCLUDED, ...excluded));
}

/** Encodes up to 65,535 bytes of content (X.690, section 8.1). */
function der(tag: number, ...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const content = Buffer.concat(parts);
  const { length } = content;
  const head = length < 128 ? [tag, length] : [tag, 0x82, length >> 8, length & 0xff];
  return new Uint8Array([...head, ...content]);
}

/** Returns the contents of the elements that `der` wrote. */
function readDer(bytes: Uint8Array): Uint8Array[] {
  const [, first = 0, high = 0, low = 0] = bytes;
  const [start, length] = first < 128 ? [2, first] : [4, (high << 8) | low];
  if (bytes.length < 2) return [];
  return [bytes.subarray(start, start + length), ...readDer(bytes.subarray(start + length))];
}

/** Distinguished name (RFC 4514, section 2.4). */
function nameOf(commonName: string): string {
  return `CN=${commonName.replaceAll(/[^\p{L}\p{N} .()-]/gu, "\\$&")}`;
}

function makeKeys(): Promise<CryptoKeyPair> {
  return crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]) as Promise<CryptoKeyPair>;
}

function importPublicKey(keyPem: string): Promise<CryptoKey> {
  const spki = createPublicKey(createPrivateKey(keyPem)).export({ type: "spki", format: "der" });
  return crypto.subtle.importKey("spki", spki, ALGORITHM, true, ["verify"]);
}
