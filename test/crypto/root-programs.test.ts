import { afterAll, beforeAll, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { isIP } from "node:net";
import { join } from "node:path";
import { requires } from "../installed.ts";
import { tempFolder } from "../temp-folder.ts";
import { RootServers } from "./root-servers.ts";

// Last run with all programs: OpenSSL 3.0, curl 7.88, GnuTLS 3.7, Node 20, Bun 1.4 and OpenJDK 17.
// test/page/root-browsers.test.ts has Chromium and Firefox.

type Command = (host: string, port: number) => readonly string[];

const folder = tempFolder();
let servers: RootServers;
beforeAll(async () => {
  servers = await RootServers.open(folder);
});
afterAll(() => servers.stop());

/** Titles of the cases that a program decides wrongly by its exit code. */
function failures(command: Command): Promise<string[]> {
  return servers.failures(async (host, port) => {
    const child = Bun.spawn([...command(host, port)], { stdio: ["ignore", "ignore", "ignore"] });
    return (await child.exited) === 0;
  });
}

/** @returns the options for names and for addresses, which are not sent in the handshake */
const byKind = (host: string, name: readonly string[], address: readonly string[]) =>
  isIP(host) === 0 ? name : address;

requires("openssl").test("openssl accepts only the name of a local root", async () => {
  const command: Command = (host, port) => [
    ...["openssl", "s_client", "-connect", `127.0.0.1:${port}`, "-CAfile", servers.rootPath],
    "-verify_return_error",
    ...byKind(host, ["-servername", host, "-verify_hostname", host], ["-verify_ip", host]),
  ];
  expect(await failures(command)).toEqual([]);
});

requires("curl").test("curl accepts only the name of a local root", async () => {
  const command: Command = (host, port) => [
    ...["curl", "-sf", "--cacert", servers.rootPath, "--resolve", `${host}:${port}:127.0.0.1`],
    `https://${host}:${port}/`,
  ];
  expect(await failures(command)).toEqual([]);
});

requires("gnutls-cli").test("GnuTLS accepts only the name of a local root", async () => {
  const command: Command = (host, port) => [
    ...["gnutls-cli", "--x509cafile", servers.rootPath, "--port", `${port}`, "127.0.0.1"],
    ...byKind(host, ["--sni-hostname", host], ["--disable-sni"]),
    ...["--verify-hostname", host],
  ];
  expect(await failures(command)).toEqual([]);
});

const SCRIPT = `
const [rootPath, host, port] = process.argv.slice(-3);
const servername = require("net").isIP(host) === 0 ? host : "";
const ca = require("fs").readFileSync(rootPath);
const socket = require("tls").connect({ host: "127.0.0.1", port, servername, ca });
socket.on("secureConnect", () => process.exit(0));
socket.on("error", () => process.exit(1));`;

const scripted =
  (program: string): Command =>
  (host, port) => [program, join(folder, "check.cjs"), servers.rootPath, host, `${port}`];

requires("node").test("Node accepts only the name of a local root", async () => {
  writeFileSync(join(folder, "check.cjs"), SCRIPT);
  expect(await failures(scripted("node"))).toEqual([]);
});

test("Bun accepts only the name of a local root", async () => {
  writeFileSync(join(folder, "check.cjs"), SCRIPT);
  expect(await failures(scripted(process.execPath))).toEqual([]);
});

const JAVA = `
import java.io.FileInputStream;
import java.net.Socket;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import javax.net.ssl.*;

class Check {
  public static void main(String[] args) throws Exception {
    int port = Integer.parseInt(args[2]);
    KeyStore store = KeyStore.getInstance("PKCS12");
    store.load(null, null);
    CertificateFactory x509 = CertificateFactory.getInstance("X.509");
    store.setCertificateEntry("root", x509.generateCertificate(new FileInputStream(args[0])));
    TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
    trust.init(store);
    SSLContext tls = SSLContext.getInstance("TLS");
    tls.init(null, trust.getTrustManagers(), null);
    Socket tcp = new Socket("127.0.0.1", port);
    SSLSocket socket = (SSLSocket) tls.getSocketFactory().createSocket(tcp, args[1], port, true);
    SSLParameters parameters = socket.getSSLParameters();
    parameters.setEndpointIdentificationAlgorithm("HTTPS");
    socket.setSSLParameters(parameters);
    socket.startHandshake();
  }
}`;

requires("javac").test("Java accepts only the name of a local root", async () => {
  writeFileSync(join(folder, "Check.java"), JAVA);
  expect(await Bun.$`javac -d ${folder} ${join(folder, "Check.java")}`.quiet()).toMatchObject({
    exitCode: 0,
  });
  const command: Command = (host, port) => [
    ...["java", "-cp", folder, "Check", servers.rootPath, host, `${port}`],
  ];
  expect(await failures(command)).toEqual([]);
});
