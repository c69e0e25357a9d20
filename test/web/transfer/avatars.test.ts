import { expect, test } from "bun:test";
import { Fault } from "../../../src/base/fault.ts";
import type { SendRequest } from "../../../src/client/link/queries.ts";
import { Avatars } from "../../../src/web/transfer/avatars.ts";
import { pngHead } from "../../cli/screen/pictures/test-png.ts";
import { until } from "../../event.ts";

class Source {
  readonly versions = new Map<string, number>();
  readonly asked: string[] = [];
  picture: Uint8Array = pngHead(256, 256);
  isOffline = false;
  readonly avatars: Avatars;

  constructor() {
    const request = async (kind: string, fields: { user?: string; users?: readonly string[] }) => {
      const { user = "", users = [] } = fields;
      this.asked.push(kind === "avatar" ? user : users.join());
      if (this.isOffline) throw new Fault("link-closed", "offline");
      const entries = users.map((name) => ({ user: name, version: this.versions.get(name) }));
      if (kind === "avatars")
        return { avatars: entries.filter((one) => one.version !== undefined) };
      const version = this.versions.get(user);
      return version === undefined ? {} : { version, picture: this.picture };
    };
    this.avatars = new Avatars(request as unknown as SendRequest);
  }

  /** @returns how often the picture changed */
  follow(user: string): { changes: number; stop: () => void } {
    const seen = { changes: 0, stop: () => {} };
    seen.stop = this.avatars.follow(user, () => seen.changes++);
    return seen;
  }
}

const turns = () => new Promise((resolve) => setImmediate(resolve));

test("asks for all versions at once, and only for the pictures that exist", async () => {
  const source = new Source();
  source.versions.set("ana", 3);
  const ana = source.follow("ana");
  const again = source.follow("Ana");
  source.follow("ben");
  await until("a picture", () => source.avatars.urlOf("ANA") !== undefined);
  expect(source.asked).toEqual(["ana,ben", "ana"]);
  expect([ana.changes, again.changes, source.avatars.urlOf("ben")]).toEqual([1, 1, undefined]);
});

test("follows changes, and forgets a removed picture at once", async () => {
  const source = new Source();
  source.versions.set("ana", 3);
  source.follow("ana");
  await until("a picture", () => source.avatars.urlOf("ana") !== undefined);
  const first = source.avatars.urlOf("ana");
  source.versions.set("ana", 5);
  source.avatars.changed({ kind: "avatar-set", user: "Ana", version: 5 });
  expect(source.avatars.urlOf("ana")).toBe(first);
  await until("another picture", () => source.avatars.urlOf("ana") !== first);
  source.avatars.changed({ kind: "avatar-set", user: "Ana", version: 5 });
  source.avatars.changed({ kind: "avatar-set", user: "ben", version: 6 });
  source.avatars.changed({ kind: "avatar-set", user: "ana" });
  expect(source.avatars.urlOf("ana")).toBeUndefined();
  expect(source.asked).toEqual(["ana", "ana", "ana"]);
});

test("shows nothing of an invalid picture, and does not ask for it again", async () => {
  const source = new Source();
  source.versions.set("ana", 3);
  source.picture = Buffer.from("<svg onload='alert(1)'/>");
  source.follow("ana");
  await until("the answer", () => source.asked.length === 2);
  await turns();
  source.follow("ana");
  await turns();
  expect([source.asked.length, source.avatars.urlOf("ana")]).toEqual([2, undefined]);
});

test("asks again on each link, and fetches nothing that it has", async () => {
  const source = new Source();
  source.isOffline = true;
  source.versions.set("ana", 3);
  source.follow("ana");
  await until("a request", () => source.asked.length === 1);
  source.isOffline = false;
  source.avatars.connected();
  await until("a picture", () => source.avatars.urlOf("ana") !== undefined);
  const url = source.avatars.urlOf("ana");
  source.avatars.connected();
  await until("a request", () => source.asked.length === 4);
  await turns();
  expect([source.asked.length, source.avatars.urlOf("ana")]).toEqual([4, url]);
  source.avatars.clear();
  expect(source.avatars.urlOf("ana")).toBeUndefined();
});

test("keeps the pictures of the last 200 people who are no longer displayed", async () => {
  const source = new Source();
  const users = Array.from({ length: 202 }, (_, i) => `u${i}`);
  for (const user of users) source.versions.set(user, 1);
  const seen = users.map((user) => source.follow(user));
  const loaded = () => users.filter((user) => source.avatars.urlOf(user) !== undefined);
  await until("all pictures", () => loaded().length === users.length);
  for (const { stop } of seen.slice(1)) stop();
  expect(loaded()).toHaveLength(201);
  seen[0]?.stop();
  expect([loaded().length, source.avatars.urlOf("u0"), source.avatars.urlOf("u1")]).toEqual([
    200,
    undefined,
    undefined,
  ]);
});
