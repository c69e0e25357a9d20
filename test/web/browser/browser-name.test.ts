import { expect, test } from "bun:test";
import { browserName } from "../../../src/web/browser/browser-name.ts";

const WEBKIT = "AppleWebKit/605.1.15 (KHTML, like Gecko)";
const MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)";
const PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X)";

test.each([
  ["Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"],
  ["Mozilla/5.0 (Windows NT 10.0) Chrome/138.0.0.0 Safari/537.36 Edg/138.0", "Edge on Windows"],
  ["Mozilla/5.0 (Linux; Android 10; K) Chrome/138.0.0.0 Mobile Safari/537.36", "Chrome on Android"],
  [`${MAC} ${WEBKIT} Version/18.5 Safari/605.1.15`, "Safari on macOS"],
  [`${PHONE} ${WEBKIT} Version/18.5 Mobile/15E148 Safari/604.1`, "Safari on iPhone"],
  ["curl/8.14", "Browser"],
  ["", "Browser"],
])("%s is %s", (agent, name) => {
  expect(browserName(agent)).toBe(name);
});

test("recognizes a Mac with a touch screen as an iPad", () => {
  expect(browserName(`${MAC} ${WEBKIT} Version/18.5 Safari/605.1.15`, 5)).toBe("Safari on iPad");
  expect(browserName(`${MAC} ${WEBKIT} Version/18.5 Safari/605.1.15`, 0)).toBe("Safari on macOS");
});
