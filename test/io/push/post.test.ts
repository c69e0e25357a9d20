import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createServer, type Server, type TLSSocket } from "node:tls";
import { Fault } from "../../../src/base/fault.ts";
import { PUSH_ANSWER_BYTES_MAX } from "../../../src/base/limits-page.ts";
import { makeCertificate } from "../../../src/crypto/certificate.ts";
import { checkEndpoint, type PushPosterOptions, postPush } from "../../../src/io/push/post.ts";

let answer: (socket: TLSSocket) => void = () => undefined;
let received = "";
let certPem = "";
let port = 0;
let server: Server;

beforeAll(async () => {
  const pair = await makeCertificate(["push.example.org"]);
  certPem = pair.certPem;
  server = createServer({ cert: pair.certPem, key: pair.keyPem }, (socket) => {
    received = "";
    socket.on("error", () => undefined);
    socket.on("data", (bytes: Buffer) => {
      received += bytes.toString("latin1");
      if (received.endsWith("BODY")) answer(socket);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  const address = server.address();
  port = typeof address === "object" && address !== null ? address.port : 0;
});
afterAll(() => void server.close());

function post(more: Partial<PushPosterOptions> = {}, host = "push.example.org") {
  return postPush(
    {
      endpoint: `https://${host}:${port}/p/1?x=2`,
      headers: { ttl: "60" },
      body: Buffer.from("BODY"),
    },
    { isPrivateAllowed: true, ca: certPem, resolve: async () => ["127.0.0.1"], ...more },
  );
}

const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => "none",
    (error) => (error instanceof Fault ? error.code : String(error)),
  );

describe("a push", () => {
  test("is one request, and reads only the response head", async () => {
    answer = (socket) => socket.write("HTTP/1.1 429 Slow\r\nRetry-After:  7 \r\n\r\nbody");
    expect(await post()).toEqual({ status: 429, retryAfter: "7" });
    expect(received).toStartWith("POST /p/1?x=2 HTTP/1.1\r\n");
    expect(received).toContain(`\r\nhost: push.example.org:${port}\r\n`);
    expect(received).toContain("\r\nconnection: close\r\n");
    expect(received).toContain("\r\ncontent-length: 4\r\n");
  });

  test("follows no redirect", async () => {
    answer = (socket) => socket.write("HTTP/1.1 307 Go\r\nLocation: http://10.0.0.1/\r\n\r\n");
    expect(await post()).toEqual({ status: 307, retryAfter: undefined });
  });

  test("reads a bounded response, and rejects malformed ones", async () => {
    let closed = false;
    answer = (socket) => {
      socket.on("close", () => {
        closed = true;
      });
      socket.write(`HTTP/1.1 200 OK\r\nx: ${"y".repeat(PUSH_ANSWER_BYTES_MAX + 100_000)}`);
    };
    expect(await codeOf(post())).toBe("unreachable");
    for (const text of [
      "SSH-2.0 hello\r\n\r\n",
      "HTTP/1.1 abc\r\n\r\n",
      "HTTP/1.1 100 Wait\r\n\r\n",
    ]) {
      answer = (socket) => socket.write(text);
      expect(await codeOf(post())).toBe("unreachable");
    }
    answer = (socket) => socket.end();
    expect(await codeOf(post())).toBe("unreachable");
    expect(closed).toBe(true);
  });

  test("times out on a silent service or name server", async () => {
    answer = () => undefined;
    expect(await codeOf(post({ timeoutMs: 150 }))).toBe("timeout");
    const never = () => new Promise<readonly string[]>(() => undefined);
    expect(await codeOf(post({ timeoutMs: 20, resolve: never }))).toBe("timeout");
  });

  test("requires a certificate for the name", async () => {
    answer = (socket) => socket.write("HTTP/1.1 201 Created\r\n\r\n");
    expect(await codeOf(post())).toBe("none");
    received = "";
    expect(await codeOf(post({}, "other.example.org"))).toBe("unreachable");
    const other = (await makeCertificate(["push.example.org"])).certPem;
    expect(await codeOf(post({ ca: other }))).toBe("unreachable");
    expect(received).toBe("");
  });

  test("never connects to a private network, whatever DNS says", async () => {
    const requests = (addresses: readonly string[]) =>
      codeOf(
        postPush(
          { endpoint: "https://push.example.org/", headers: {}, body: Buffer.from("BODY") },
          { isPrivateAllowed: false, resolve: async () => addresses, timeoutMs: 200 },
        ),
      );
    for (const lie of ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "::ffff:10.0.0.1", ""]) {
      expect(await requests([lie])).toBe("not-allowed");
    }
    expect(await requests([])).toBe("unreachable");
  });

  test("resolves the name once", async () => {
    let times = 0;
    const resolve = async () => (++times === 1 ? ["127.0.0.1"] : ["10.0.0.1"]);
    answer = (socket) => socket.write("HTTP/1.1 201 Created\r\n\r\n");
    expect(await post({ resolve })).toEqual({ status: 201, retryAfter: undefined });
    expect(times).toBe(1);
  });
});

describe("an endpoint", () => {
  const isRefused = (endpoint: string, isPrivateAllowed = false) => {
    try {
      checkEndpoint(endpoint, isPrivateAllowed);
      return false;
    } catch (error) {
      expect((error as Fault).code).toBe("not-allowed");
      return true;
    }
  };

  test.each([
    "https://fcm.googleapis.com/fcm/send/abc:def",
    "https://updates.push.services.mozilla.com/wpush/v2/gAAA",
    "https://web.push.apple.com/QKC",
    "https://wns2-par02p.notify.windows.com/w/?token=BQYAAA%2b",
  ])("accepts %s", (endpoint) => expect(isRefused(endpoint)).toBe(false));

  test.each([
    ...['https://push.example.org/"', "https://push.example.org/ a", "https://PUSH.example.org/"],
    ...["https://push.example.org/a\nb", " https://push.example.org/", "https://a.example"],
    ...["", "no address", "http://push.example.org/", "ftp://push.example.org/"],
    ...["https://user@push.example.org/", "https://u:p@push.example.org/", "https://a.example/#x"],
    ...["https://push.example.org:8443/", "https://localhost/", "https://router/"],
    ...[
      "https://printer.local/",
      "https://db.internal./",
      "https://10.0.0.1/",
      "https://2130706433/",
    ],
    ...["https://0x7f.1/", "https://[::1]/", "https://[::ffff:127.0.0.1]/", "https://127.1/"],
    "https://169.254.169.254/latest/meta-data",
  ])("rejects %j", (endpoint) => expect(isRefused(endpoint)).toBe(true));
});
