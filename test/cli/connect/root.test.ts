import { expect, test } from "bun:test";
import { createHash, X509Certificate } from "node:crypto";
import { fetchRoot, type ServerRoot } from "../../../src/cli/connect/root.ts";
import {
  CERTIFICATE_ALGORITHM,
  makeCertificate,
  pemOf,
  x509Library,
} from "../../../src/crypto/certificate.ts";
import { makeLocalRoot } from "../../../src/crypto/local-root.ts";
import { systemClock } from "../../../src/io/clock.ts";
import { rejection } from "../../rejection.ts";

const NOW = Date.UTC(2026, 10, 26);
const { certPem: cert, keyPem: key } = await makeCertificate();
const certificateHash = createHash("sha256").update(new X509Certificate(cert).raw).digest();
const rootOf = async (...names: readonly string[]) =>
  (await makeLocalRoot(names, "Room 12", NOW)).rootPem;
const OWN = await rootOf("room12.example", "chat-abcdefghijklmnop.local");

async function fetched(
  text: string | Uint8Array<ArrayBuffer>,
  addresses: readonly string[] = [],
  zones: readonly string[] = [],
): Promise<ServerRoot> {
  const fetch = () => new Response(text);
  const server = Bun.serve({ hostname: "127.0.0.1", port: 0, tls: { cert, key }, fetch });
  try {
    return await fetchRoot({ host: "127.0.0.1", port: server.port ?? 0 }, certificateHash, {
      clock: systemClock(),
      announced: "chat-abcdefghijklmnop.local",
      addressesOf: async () => addresses,
      isZone: async (name) => zones.includes(name),
    });
  } finally {
    await server.stop(true);
  }
}

test("returns the certificate that was checked, encoded again", async () => {
  const root = await fetched(OWN);
  expect(root.names).toEqual(["room12.example", "chat-abcdefghijklmnop.local"]);
  const reformatted = OWN.replaceAll("\n", "\r\n").replace(/\s*$/, "\r\n\r\n");
  expect(await fetched(reformatted)).toEqual(root);
  expect(root.pem).toBe(pemOf("CERTIFICATE", new X509Certificate(OWN).raw));
});

const OTHER = await rootOf("");
const BASE64 = OWN.split("\n").slice(1, -2).join("\n");
const DER = new X509Certificate(OWN).raw;
test.each<[string, string | Uint8Array<ArrayBuffer>]>([
  ["another certificate before it", OTHER + OWN],
  ["another certificate after it", OWN + OTHER],
  ["one with lower-case marks before it", OTHER.replaceAll("CERTIFICATE", "certificate") + OWN],
  ["lower-case marks", OWN.replace("BEGIN CERTIFICATE", "begin certificate")],
  ["a trusted certificate of OpenSSL", OWN.replaceAll("CERTIFICATE", "TRUSTED CERTIFICATE")],
  ["a remark before it", `remark\n${OWN}`],
  ["a space before it", ` ${OWN}`],
  ["a remark after it", `${OWN}remark\n`],
  ["a header inside it", OWN.replace(BASE64, `Comment: x\n\n${BASE64}`)],
  ["a NUL after it", `${OWN}\0`],
  ["bytes after the certificate", pemOf("CERTIFICATE", Buffer.concat([DER, DER]))],
  ["DER", new Uint8Array(DER)],
  ["a byte order mark", new TextEncoder().encode(`\u{feff}${OWN}`)],
  ["nothing", ""],
  ["two blocks in one", OWN.replace(BASE64, `${BASE64}\n-----END CERTIFICATE-----`)],
])("refuses a text with %s", async (_, text) => {
  expect((await rejection(fetched(text))).message).toBe(
    "the server's /ca.crt is not one certificate",
  );
});

test.each([
  [["com"]],
  [["room12.example", "de"]],
  [[""]],
  [[]],
  ...[".com", "com.", "*.com", ".", "room12..example", "com/x.y", "x.com\0", ".local"].map(
    (name) => [["room12.example", name]],
  ),
])("refuses a root for the names %p", async (names) => {
  const fault = await rejection(fetched(await rootOf(...names)));
  expect(fault.message).toBe("this root certificate could vouch for any web site");
});

test("refuses a root that could sign programs or mail", async () => {
  const x509 = await x509Library();
  const { serverAuth, codeSigning } = x509.ExtendedKeyUsage;
  const keys = (await crypto.subtle.generateKey(CERTIFICATE_ALGORITHM, false, [
    ...(["sign", "verify"] as const),
  ])) as CryptoKeyPair;
  const [constraints] = new x509.X509Certificate(OWN).extensions.filter(
    ({ type }) => type === "2.5.29.30",
  );
  // As 0.3.0 made them: only addresses are excluded.
  const former = Uint8Array.fromHex(
    "3046a0123010820e726f6f6d31322e6578616d706c65a130" +
      `300a8708${"00".repeat(8)}30228720${"00".repeat(32)}`,
  );
  const make = async (value: Uint8Array<ArrayBuffer>, ...purposes: readonly string[]) => {
    const made = await x509.X509CertificateGenerator.createSelfSigned({
      name: "CN=Room 12",
      signingAlgorithm: CERTIFICATE_ALGORITHM,
      keys,
      extensions: [
        new x509.BasicConstraintsExtension(true, 1, true),
        ...(purposes.length > 0 ? [new x509.ExtendedKeyUsageExtension([...purposes])] : []),
        new x509.Extension("2.5.29.30", true, value),
      ],
    });
    return fetched(pemOf("CERTIFICATE", new Uint8Array(made.rawData)));
  };
  const own = new Uint8Array(constraints?.value ?? new ArrayBuffer(0));
  expect((await make(own, serverAuth)).names).toHaveLength(2);
  const purposes = [[], [codeSigning], [serverAuth, codeSigning], ["2.5.29.37.0"]];
  for (const [value, list] of [
    ...purposes.map((list) => [own, list] as const),
    [former, []] as const,
    [former, [serverAuth]] as const,
  ])
    expect((await rejection(make(value, ...list))).message).toBe(
      "this root certificate could sign programs and e-mail",
    );
});

test("refuses a root for a name that resolves to another machine", async () => {
  const names = ["room12.example"];
  const pem = await rootOf(...names);
  const fault = await rejection(fetched(pem, ["192.0.2.7"]));
  expect(fault.message).toBe(
    "this root certificate is for 'room12.example', which is another machine",
  );
  expect((await fetched(pem, ["192.0.2.7", "127.0.0.1"])).names).toEqual(names);
  const printer = await rejection(fetched(await rootOf("printer.local"), ["192.0.2.7"]));
  expect(printer.message).toBe(
    "this root certificate is for 'printer.local', which is another machine",
  );
  // The machine may have other addresses than the one of this connection.
  const announced = ["chat-abcdefghijklmnop.local"];
  expect((await fetched(await rootOf(...announced), ["192.0.2.7"])).names).toEqual(announced);
});

test("refuses a root for a domain that has no address, and so names of others", async () => {
  const domains = ["co.example"];
  const pem = await rootOf("chat.local", ...domains);
  const fault = await rejection(fetched(pem, [], domains));
  expect(fault.message).toBe("this root certificate could vouch for all names below 'co.example'");
  expect((await fetched(pem, [])).names).toEqual(["chat.local", "co.example"]);
  expect((await fetched(pem, ["127.0.0.1"], domains)).names).toEqual(["chat.local", "co.example"]);
});
