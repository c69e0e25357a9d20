import { expect, test } from "bun:test";
import fc from "fast-check";
import { isName } from "../../../src/base/names.ts";
import { linkedRoom } from "../../../src/web/input/room-link.ts";
import {
  accountHash,
  formatRoute,
  isRouteHash,
  linkedMessages,
  linkedRoute,
  readAccountHash,
  readRoute,
  serverTag,
  TRUST_HASH,
} from "../../../src/web/input/route.ts";
import {
  formatDoorRoute,
  formatWallRoute,
  readDoorRoute,
  readWallRoute,
} from "../../../src/web/input/wall-route.ts";

test.each([
  ["#/lobby", "lobby", undefined],
  ["#/lobby/", "lobby", undefined],
  ["#/lobby/184", "lobby", 184],
  ["#/@ana", "@ana", undefined],
  ["#/@ana/184", "@ana", 184],
  ["#/%40ana/184", "@ana", 184],
  ["#/lobby/9007199254740991", "lobby", 9_007_199_254_740_991],
])("%s names a place", (hash, target, seq) => {
  expect(readRoute(hash)).toEqual({ target, seq });
});

test.each([
  "",
  "#",
  "#/",
  "#/184",
  "#/lobby/184/9",
  "#/lobby/99999999999999999",
  "#/<b>",
  "#/%E2%80%AE",
  `#/${"a".repeat(33)}`,
  "#invite=/lobby",
  "#lobby",
])("%j names nothing", (hash) => {
  expect(readRoute(hash)).toBeUndefined();
});

test("round-trips routes, and rejects anything else", () => {
  const name = fc.stringMatching(/^[A-Za-z0-9_-]{1,32}$/).filter(isName);
  const seq = fc.option(fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), { nil: undefined });
  fc.assert(
    fc.property(name, fc.boolean(), seq, (word, isPerson, at) => {
      const route = { target: isPerson ? `@${word}` : word, seq: at };
      const hash = formatRoute(route);
      expect(readRoute(hash)).toEqual(route);
      expect(isRouteHash(hash)).toBe(true);
    }),
  );
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^@?\w{1,40}(\/\d{1,20})?$/)), (text) => {
      const route = readRoute(`#/${text}`);
      const names = route?.target.replace(/^@/, "").split("@") ?? []; // A box has two names.
      expect(names.length <= 2 && names.every(isName)).toBe(true);
    }),
  );
});

test("keeps #trust in the address, because it is no secret", () => {
  for (const hash of ["#help", "#help/handIn", "#help/keys"]) {
    expect([isRouteHash(hash), readRoute(hash)]).toEqual([true, undefined]);
  }
  // It may be a secret.
  for (const hash of ["#helper", "#help=x", "#help/a/b", "#help/A1"]) {
    expect(isRouteHash(hash)).toBe(false);
  }
  expect(isRouteHash(TRUST_HASH)).toBe(true);
  expect(readRoute(TRUST_HASH)).toBeUndefined();
  expect(isRouteHash(`${TRUST_HASH}ed`)).toBe(false);
});

const PAGE = { origin: "https://10.0.0.5:2428", pathname: "/" };
const FINGERPRINT = "SHA256:Xk3v9-Q2b_Tabcdefghijklmnopqrstuvwxyz0123456";
const TAG = "Xk3v9-Q2b_";

test("tags a server by its fingerprint", () => {
  expect(serverTag(FINGERPRINT)).toBe(TAG);
  const route = { target: "lobby", seq: 184, server: TAG };
  expect(formatRoute(route)).toBe(`#/lobby/184/${TAG}`);
  expect(readRoute(`#/lobby/184/${TAG}`)).toEqual(route);
});

test.each([
  ["https://10.0.0.5:2428/#/lobby/184", { target: "lobby", seq: 184 }],
  ["https://10.0.0.5:2428/#/lobby", { target: "lobby", seq: undefined }],
  [`https://127.0.0.1:2428/#/lobby/184/${TAG}`, { target: "lobby", seq: 184 }],
  [`https://[fe80::1]:2428/#/@ana/184/${TAG}`, { target: "@ana", seq: 184 }],
  [`https://school.example/chat/#/lobby/184/${TAG}`, { target: "lobby", seq: 184 }],
  ["https://127.0.0.1:2428/#/lobby/184", undefined],
  ["https://10.0.0.5:2428/other#/lobby/184", undefined],
  ["https://10.0.0.5:2428/#/lobby/184/AAAAAAAAAA", undefined],
  [`https://10.0.0.5:2428/?x#/lobby/184/${TAG}`, undefined],
  [`https://10.0.0.5:2428/#/lobby/${TAG}`, undefined],
  ["https://10.0.0.5:2428/#operator=secret", undefined],
  ["https://10.0.0.5:2428/", undefined],
  ["//#/lobby/184", undefined],
])("%s leads to a message on this server or elsewhere", (href, route) => {
  expect(linkedRoute(href, PAGE, FINGERPRINT)).toEqual(route);
});

test("finds the first three links to messages of this server in a text", () => {
  const page = { origin: "https://a.example", pathname: "/" };
  const tag = serverTag("SHA256:0123456789abcdef");
  const find = (text: string) =>
    linkedMessages(text, page, "SHA256:0123456789abcdef").map(formatRoute);
  expect(find(`see https://192.0.2.1:7/#/math/4/${tag}, [x](https://a.example/#/@ben/9)`)).toEqual([
    "#/math/4",
    "#/@ben/9",
  ]);
  expect(find("https://b.example/#/math/4 https://a.example/#/math")).toEqual([]);
  const many = [1, 2, 2, 3, 4].map((seq) => `https://a.example/#/math/${seq}`).join(" ");
  expect(find(many)).toEqual(["#/math/1", "#/math/2"]);
  expect(find(`https://${"a".repeat(100_000)}`)).toEqual([]);
});

test("finds the first link to a room of this server in a text", () => {
  const page = { origin: "https://a.example", pathname: "/" };
  const find = (text: string) => linkedRoom(text, page, "SHA256:0123456789abcdef");
  expect(find("come to https://a.example/#/math, please")).toBe("math");
  expect(find("[here](https://a.example/#/8b-ipa)")).toBe("8b-ipa");
  expect(find("https://b.example/#/math https://a.example/#/art")).toBe("art");
  for (const text of [
    "https://b.example/#/math",
    "https://a.example/other#/math",
    "https://a.example/#/math/4",
    "https://a.example/#/math/wall",
    "https://a.example/#/@ana",
    "https://a.example/#/essay@ana",
    "https://a.example/#/42",
    "https://a.example/#invite=secret",
    `https://a.example/#/${"x".repeat(33)}`,
    `https://${"a".repeat(100_000)}`,
  ])
    expect([text.slice(0, 60), find(text)]).toEqual([text.slice(0, 60), undefined]);
});

test("the address of a door is that of a room, and of no message", () => {
  expect([formatDoorRoute("lab"), readDoorRoute("#/lab/door/")]).toEqual(["#/lab/door", "lab"]);
  for (const hash of ["#/lab", "#/door", "#/@ana/door", "#/essay@ana/door", "#/lab/door/1"])
    expect(readDoorRoute(hash)).toBeUndefined();
  expect([readRoute("#/lab/door"), readWallRoute("#/lab/door")]).toEqual([undefined, undefined]);
});

test("reads the account that a notification opens, and nothing else", () => {
  expect(readAccountHash(accountHash("ana", "lobby"))).toEqual({ user: "ana", route: "#/lobby" });
  expect(readAccountHash(accountHash("ana", "@ben"))).toEqual({ user: "ana", route: "#/@ben" });
  expect(readAccountHash(accountHash("ana", ""))).toEqual({ user: "ana", route: "" });
  const wrong = [
    "",
    "#as=",
    "#as=/lobby",
    "#as=ana",
    "#as=a%20b/lobby",
    "#as=@ana/x",
    "#/as=ana/x",
  ];
  for (const hash of wrong) expect(readAccountHash(hash)).toBeUndefined();
});

test("the address of a wall is that of a room, and of no message", () => {
  expect(formatWallRoute("lab")).toBe("#/lab/wall");
  for (const hash of ["#/lab/wall", "#/lab/wall/", "#/lab/Wall"])
    expect(readWallRoute(hash)).toBe("lab");
  for (const hash of [
    "#/lab",
    "#/wall",
    "#/@ana/wall",
    "#/essay@ana/wall",
    "#/a b/wall",
    "#/lab/wall/1",
  ])
    expect(readWallRoute(hash)).toBeUndefined();
  expect(readRoute("#/lab/wall")).toBeUndefined();
});
