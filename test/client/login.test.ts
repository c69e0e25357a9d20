import { describe, expect, test } from "bun:test";
import { Fault } from "../../src/base/fault.ts";
import type { Credentials } from "../../src/client/login.ts";
import { ANA, ClientFixture, PINNED_ADDRESS } from "./client-fixture.ts";

describe("entering", () => {
  test("a new name is registered, its device and server are remembered", async () => {
    const fixture = new ClientFixture();
    fixture.server.say({ text: "before" });
    const { client, events } = fixture.client();
    expect(await fixture.outcome(client.connect())).toMatchObject({
      user: "ana",
      registered: true,
    });
    await fixture.clock.advance(0);
    expect(fixture.asked()).toEqual(["admit", "register"]);
    expect(events.map(({ kind }) => kind)).toEqual(["pinned", "connected", "record", "caught-up"]);
    expect(events[1]).toMatchObject({ user: "ana", rooms: [{ name: "lobby", kind: "room" }] });
    const { fingerprint } = fixture.server.identity;
    expect(fixture.state.pin(PINNED_ADDRESS)?.fingerprint).toBe(fingerprint);
    expect(fixture.state.enrolment(fingerprint, "ANA")).toBe("u-ana");
    expect(fixture.state.lastUser(fixture.server.identity.fingerprint)).toBe("ana");
  });

  test("a known device signs, and needs no secret", async () => {
    const fixture = new ClientFixture();
    await fixture.outcome(fixture.client().client.connect());
    fixture.server.requests.length = 0;
    const { client } = fixture.client({ credentials: { user: "ana", mode: "either" } });
    expect(await fixture.outcome(client.connect())).toMatchObject({ registered: false });
    expect(fixture.asked()).toEqual(["login by device"]);
  });

  test("a device that was put out asks once, and is forgotten", async () => {
    const fixture = new ClientFixture();
    await fixture.outcome(fixture.client().client.connect());
    fixture.server.accounts.get("ana")?.devices.clear();
    fixture.server.requests.length = 0;
    expect(await fixture.code(fixture.client().client.connect())).toBe("login-refused");
    expect(fixture.asked()).toEqual(["login by device", "admit", "register"]);
    expect(fixture.state.enrolment(fixture.server.identity.fingerprint, "ana")).toBeUndefined();
  });

  test("a taken name: this device, then the password, which makes the device known", async () => {
    const fixture = new ClientFixture();
    fixture.server.accounts.set("ana", { user: "ana", password: "pw", devices: new Set() });
    const credentials = { ...ANA, password: "pw" };
    const { client } = fixture.client({ credentials });
    expect(await fixture.outcome(client.connect())).toMatchObject({ registered: false });
    expect(fixture.asked()).toEqual(["admit", "register", "login by device", "login by password"]);
    expect(fixture.server.accounts.get("ana")?.devices.size).toBe(1);
  });

  test("another process of this home registered meanwhile: the same key opens", async () => {
    const fixture = new ClientFixture();
    const device = fixture.device.publicKey.toBase64({ alphabet: "base64url", omitPadding: true });
    fixture.server.accounts.set("ana", {
      user: "ana",
      password: undefined,
      devices: new Set([device]),
    });
    expect(await fixture.code(fixture.client().client.connect())).toBe("fine");
    expect(fixture.asked()).toEqual(["admit", "register", "login by device"]);
  });

  test("without the room password a known account comes in by its own", async () => {
    const fixture = new ClientFixture();
    fixture.server.accounts.set("ana", { user: "ana", password: "pw", devices: new Set() });
    const credentials: Credentials = { user: "ana", mode: "either", password: "pw" };
    expect(await fixture.code(fixture.client({ credentials }).client.connect())).toBe("fine");
    expect(fixture.asked()).toEqual(["login by password"]);
  });

  test("whoever can be asked is asked for the room password, then for their own", async () => {
    const fixture = new ClientFixture();
    const wanted: string[] = [];
    const ask = async (what: string, again: boolean) => {
      wanted.push(again ? `${what} again` : what);
      return what === "new-password"
        ? "mine"
        : wanted.length < 3
          ? `wrong ${wanted.length}`
          : "sesame";
    };
    const credentials: Credentials = { user: "ana", mode: "either", ask };
    expect(await fixture.code(fixture.client({ credentials }).client.connect())).toBe("fine");
    const again = "room-password again";
    expect(wanted).toEqual(["room-password", again, again, "new-password"]);
    expect(fixture.server.accounts.get("ana")?.password).toBe("mine");
  });

  test("a known name is asked for its password, and not for a new one", async () => {
    const fixture = new ClientFixture();
    fixture.server.accounts.set("ana", { user: "ana", password: "pw", devices: new Set() });
    const wanted: string[] = [];
    const ask = async (what: string) => {
      wanted.push(what);
      return "pw";
    };
    const credentials: Credentials = { user: "ana", mode: "either", roomSecret: "sesame", ask };
    expect(await fixture.code(fixture.client({ credentials }).client.connect())).toBe("fine");
    expect(wanted).toEqual(["password"]);
    expect(fixture.server.accounts.get("ana")?.password).toBe("pw");
  });

  test("who always gives the same answer is believed once", async () => {
    const fixture = new ClientFixture();
    const ask = async () => "wrong";
    const { client } = fixture.client({ credentials: { ...ANA, roomSecret: "wrong", ask } });
    expect(await fixture.code(client.connect())).toBe("room-password-wrong");
    expect(fixture.asked()).toEqual(["admit"]);
  });

  test.each([
    ["nothing at all", { user: "ana", mode: "either" }, "login-refused"],
    ["a wrong room password", { ...ANA, roomSecret: "x" }, "room-password-wrong"],
    [
      "a wrong one and a wrong own",
      { ...ANA, roomSecret: "x", password: "y" },
      "room-password-wrong",
    ],
    ["login of nobody", { ...ANA, mode: "login", password: "y" }, "login-refused"],
    ["register of somebody", { ...ANA, user: "bob", mode: "register" }, "name-taken"],
    [
      "register without the room password",
      { user: "eve", mode: "register" },
      "room-password-wrong",
    ],
    [
      "register of one's own by a wrong room password",
      { user: "bob", mode: "register", password: "pw", roomSecret: "x" },
      "room-password-wrong",
    ],
    ["somebody else's name", { ...ANA, user: "bob", password: "y" }, "login-refused"],
    ["no name", { ...ANA, user: "12" }, "name-invalid"],
  ] as const)("%s: refused", async (_, credentials, code) => {
    const fixture = new ClientFixture();
    fixture.server.accounts.set("bob", { user: "bob", password: "pw", devices: new Set() });
    const watched = fixture.client({ credentials });
    expect(await fixture.code(watched.client.connect())).toBe(code);
    await fixture.clock.advance(10_000);
    expect(watched.kinds()).toEqual(["pinned", "closed"]);
    expect(watched.last("closed")?.fault?.code).toBe(code);
  });

  test.each([
    ["y", "bob exists, and this is not its password"],
    [undefined, "bob exists, and this device does not sign in for that name"],
  ])("a taken name with password %p: %s", async (password, sentence) => {
    const fixture = new ClientFixture();
    fixture.server.accounts.set("bob", { user: "bob", password: "pw", devices: new Set() });
    const credentials = { ...ANA, user: "bob", ...(password === undefined ? {} : { password }) };
    const fault = await fixture.outcome(fixture.client({ credentials }).client.connect());
    expect((fault as Fault).message).toBe(sentence);
    expect((fault as Fault).remedy).toEndWith("or choose another name, as in bob-2");
  });

  test("where registration is closed a known account comes in all the same", async () => {
    const closed = new Fault("not-allowed", "registration is closed");
    const fixture = new ClientFixture();
    fixture.server.accounts.set("ana", { user: "ana", password: "pw", devices: new Set() });
    fixture.server.mischief.onRequest = ({ kind }) => (kind === "register" ? closed : undefined);
    const known = fixture.client({ credentials: { ...ANA, password: "pw" } });
    expect(await fixture.outcome(known.client.connect())).toMatchObject({ registered: false });
    const newcomer = fixture.client({ credentials: { ...ANA, user: "eve", password: "pw" } });
    expect(await fixture.outcome(newcomer.client.connect())).toMatchObject({
      message: "registration is closed",
    });
  });

  test("the remedy names both ways in", async () => {
    const fixture = new ClientFixture();
    const { client } = fixture.client({ credentials: { user: "ana", mode: "either" } });
    const fault = await fixture.outcome(client.connect());
    expect((fault as Fault).remedy).toContain("CHAT_PASSWORD");
    expect((fault as Fault).remedy).toContain("CHAT_ROOM_PASSWORD");
  });

  test("'not now' is waited out", async () => {
    const fixture = new ClientFixture();
    let refusals = 2;
    fixture.server.mischief.onRequest = ({ kind }) =>
      kind === "register" && refusals-- > 0
        ? new Fault("too-fast", "wait", { retryAfterMs: 1_000 })
        : undefined;
    expect(await fixture.code(fixture.client().client.connect())).toBe("fine");
    expect(fixture.clock.now()).toBeGreaterThanOrEqual(2_000);
  });

  test("a server that stops meanwhile has refused nothing: the link is gone", async () => {
    const fixture = new ClientFixture();
    fixture.server.mischief.onRequest = ({ kind }) => (kind === "register" ? "silent" : undefined);
    const stopping = new Fault("shutting-down", "later", { retryAfterMs: 30_000 });
    fixture.clock.after(500, () => fixture.server.dismiss(stopping));
    expect(await fixture.code(fixture.client().client.connect())).toBe("shutting-down");
    expect(fixture.clock.now()).toBeLessThan(2_000);
    expect(fixture.asked()).toEqual(["admit", "register"]);
  });

  test("nobody there, or nobody who answers", async () => {
    const fixture = new ClientFixture();
    await fixture.outcome(fixture.server.stop());
    expect(await fixture.code(fixture.client().client.connect())).toBe("unreachable");
    fixture.server.start();
    fixture.server.mischief.onRequest = () => "silent";
    const { client } = fixture.client({ credentials: undefined });
    expect(await fixture.code(client.connect())).toBe("fine");
    expect(client.user).toBeUndefined();
  });
});
