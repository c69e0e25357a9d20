import { expect, test } from "bun:test";
import { utf8Decode } from "../../../src/base/bytes.ts";
import { formatHostPort, WebSocketUpgrade } from "../../../src/io/ws/upgrade.ts";

test.each([
  ["fe80::1%eth0", "[fe80::1]:2428"],
  ["fe80::1%25eth0", "[fe80::1]:2428"],
  ["fd00::7", "[fd00::7]:2428"],
  ["chat.school.test", "chat.school.test:2428"],
])("a request to %s names the host %s", (host, named) => {
  const request = utf8Decode(new WebSocketUpgrade(formatHostPort(host, 2428)).request());
  expect(request.split("\r\n")).toContain(`Host: ${named}`);
});
