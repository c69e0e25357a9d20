import { describe, expect, test } from "bun:test";
import { X509Certificate } from "node:crypto";
import { Fault } from "../../src/base/fault.ts";
import {
  certificateNames,
  checkCertificatePair,
  makeCertificate,
  missingIssuer,
} from "../../src/crypto/certificate.ts";
import { ISSUER, LEAF } from "./issued-certificate.ts";

const one = await makeCertificate(["chat.example", "192.0.2.7", "2001:db8::1"]);
const other = await makeCertificate();

describe("certificate", () => {
  test("contains the given names and is valid in any year", () => {
    const read = new X509Certificate(one.certPem);
    for (const host of ["localhost", "chat.example"]) expect(read.checkHost(host)).toBe(host);
    for (const ip of ["127.0.0.1", "::1", "192.0.2.7", "2001:db8::1"]) {
      expect(read.checkIP(ip)).toBeDefined();
    }
    expect(new Date(read.validFrom).getUTCFullYear()).toBe(1970);
    expect(new Date(read.validTo).getUTCFullYear()).toBe(9999);
    expect(read.publicKey.asymmetricKeyDetails?.namedCurve).toBe("prime256v1");
  });

  test("reads the first certificate of a chain", () => {
    const chain = one.certPem + other.certPem;
    expect(certificateNames(chain)).toEqual(certificateNames(one.certPem));
    expect(certificateNames(chain)).not.toEqual(certificateNames(other.certPem));
    expect(() => checkCertificatePair({ ...one, certPem: chain })).not.toThrow();
  });

  test("rejects mismatched and malformed pairs", () => {
    expect(() => checkCertificatePair(one)).not.toThrow();
    const mixed = { certPem: one.certPem, keyPem: other.keyPem };
    expect(() => checkCertificatePair(mixed)).toThrow("does not match");
    expect(() => checkCertificatePair({ certPem: "no", keyPem: one.keyPem })).toThrow(Fault);
    expect(() => checkCertificatePair({ certPem: one.certPem, keyPem: "no" })).toThrow(Fault);
  });
});

test("a file without the issuer's certificate is recognised", async () => {
  expect(missingIssuer(LEAF)).toBe("Test R3");
  expect(missingIssuer(LEAF + ISSUER)).toBeUndefined();
  expect(missingIssuer((await makeCertificate()).certPem)).toBeUndefined();
});

test("a chain in the wrong order is named", () => {
  const pair = { certPem: other.certPem + one.certPem, keyPem: one.keyPem };
  expect(() => checkCertificatePair(pair)).toThrow("begins with the certificate of an authority");
});
