import { expect } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openJetStream } from "../../../src/io/nats/jetstream.ts";
import { requires } from "../../installed.ts";
import { rejection } from "../../rejection.ts";
import { memberOf } from "./nats-node.ts";
import { NatsServers } from "./nats-servers.ts";

const { afterAll, beforeAll, test } = requires("nats-server", "openssl");

const folder = mkdtempSync(join(tmpdir(), "chat-nats-tls-"));
let nats: NatsServers;

function makeCertificate(name: string): { readonly cert: string; readonly key: string } {
  const [cert, key] = [join(folder, `${name}.crt`), join(folder, `${name}.key`)];
  const kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];
  const subject = ["-subj", `/CN=${name}`, "-addext", "subjectAltName=IP:127.0.0.1"];
  const output = ["-keyout", key, "-out", cert];
  const { success } = Bun.spawnSync(["openssl", "req", "-x509", ...kind, ...subject, ...output]);
  if (!success) throw new Error("openssl made no certificate");
  return { cert: readFileSync(cert, "utf8"), key: readFileSync(key, "utf8") };
}

beforeAll(async () => {
  makeCertificate("nats");
  const files = ["cert_file", "nats.crt", "key_file", "nats.key", "ca_file", "nats.crt"];
  const lines = files.map((text, at) => (at % 2 === 0 ? `${text}:` : `"${join(folder, text)}",`));
  nats = await NatsServers.start(1, `tls { ${lines.join(" ")} verify: true }`);
});

afterAll(async () => {
  await nats.stop();
  rmSync(folder, { recursive: true });
});

test("presents its certificate to NATS, which verifies it", async () => {
  const read = (name: string) => readFileSync(join(folder, name), "utf8");
  const authorities = read("nats.crt");
  const options = { ...memberOf(nats, "c"), authorities };
  const certificate = { cert: authorities, key: read("nats.key") };
  const stream = await openJetStream({ ...options, certificate });
  expect(await stream.publish(Uint8Array.of(1), "one")).toMatchObject({ seq: 1 });
  await stream.close();
  for (const refused of [options, { ...options, certificate: makeCertificate("other") }]) {
    expect(await rejection(openJetStream(refused))).toMatchObject({
      code: "unreachable",
      message: "NATS requires a TLS certificate that it accepts from chat",
      remedy: expect.stringContaining("--nats-cert"),
    });
  }
});
