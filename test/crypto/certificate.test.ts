import { describe, expect, test } from "bun:test";
import { X509Certificate } from "node:crypto";
import { Fault } from "../../src/base/fault.ts";
import {
  certificateNames,
  checkCertificatePair,
  makeCertificate,
  missingIssuer,
} from "../../src/crypto/certificate.ts";

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

/** Certificate of a public authority, made with openssl: it names where its issuer is. */
const LEAF = `-----BEGIN CERTIFICATE-----
MIIB4DCCAYegAwIBAgIUP7qUnkHk5lPHR0lFV/SfxtG8tQgwCgYIKoZIzj0EAwIw
KzEXMBUGA1UECgwOVGVzdCBBdXRob3JpdHkxEDAOBgNVBAMMB1Rlc3QgUjMwIBcN
MjYxMTI2MTYzNDMzWhgPMjEyNjExMDIxNjM0MzNaMB4xHDAaBgNVBAMME2NoYXQu
c2Nob29sLmV4YW1wbGUwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAQTjxC5TZMX
ij02/S8VW/IFZ5YL00miFhk/pkwCDWMZbMjClRfmBvZs+rRrVpRLh8gzew1G151G
Z2GbfFVTbp1uo4GTMIGQMB4GA1UdEQQXMBWCE2NoYXQuc2Nob29sLmV4YW1wbGUw
LgYIKwYBBQUHAQEEIjAgMB4GCCsGAQUFBzAChhJodHRwOi8vcjMuZXhhbXBsZS8w
HQYDVR0OBBYEFBA3I4bkgNWRFP7ylLIlFFaF9qyJMB8GA1UdIwQYMBaAFPYYiT2c
WsR8Ty/vg6aYyh2Sl/NbMAoGCCqGSM49BAMCA0cAMEQCICEXsHJa5YWgUAJIBWp8
0O4inTzSqQiGOih9QQboTBFxAiBtSz6WdgzZF4ZlfWXuOZU/FW4klCi1BUVX/6W4
3JSUfQ==
-----END CERTIFICATE-----
`;
const ISSUER = `-----BEGIN CERTIFICATE-----
MIIBrDCCAVOgAwIBAgIUQnBewGv1sNqyHPyI+y1YDtskq/4wCgYIKoZIzj0EAwIw
KzEXMBUGA1UECgwOVGVzdCBBdXRob3JpdHkxEDAOBgNVBAMMB1Rlc3QgUjMwIBcN
MjYxMTI2MTYzNDMzWhgPMjEyNjExMDIxNjM0MzNaMCsxFzAVBgNVBAoMDlRlc3Qg
QXV0aG9yaXR5MRAwDgYDVQQDDAdUZXN0IFIzMFkwEwYHKoZIzj0CAQYIKoZIzj0D
AQcDQgAEjj/urp6eldEIEJM8PB2hn7d9tfNuRzkdUQPSvdX9ybkl2C7PwdqUpPGx
sthHekyvA4IB2VZTqtGJBXER26oUDKNTMFEwHQYDVR0OBBYEFPYYiT2cWsR8Ty/v
g6aYyh2Sl/NbMB8GA1UdIwQYMBaAFPYYiT2cWsR8Ty/vg6aYyh2Sl/NbMA8GA1Ud
EwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDRwAwRAIgOOCbfLnNHHfkR/u9BWRjrDK1
HLA2DuWn1KpqyEZF9C8CIG5IdeYfyW9CL7stHpFC7LOQxPn1auv8nudZbNvie4Ms
-----END CERTIFICATE-----
`;

test("a file without the issuer's certificate is recognised", async () => {
  expect(missingIssuer(LEAF)).toBe("Test R3");
  expect(missingIssuer(LEAF + ISSUER)).toBeUndefined();
  expect(missingIssuer((await makeCertificate()).certPem)).toBeUndefined();
});

test("a chain in the wrong order is named", () => {
  const pair = { certPem: other.certPem + one.certPem, keyPem: one.keyPem };
  expect(() => checkCertificatePair(pair)).toThrow("begins with the certificate of an authority");
});
